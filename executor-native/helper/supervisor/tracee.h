/*
 * A process of the step that is held for a moment, to make a call in it that nobody can make for
 * it: exec, fchdir. Only its registers are changed, while it stands still: nothing of the call lies
 * in memory where another thread could exchange it.
 */
#ifndef TSBUILD_SUPERVISOR_TRACEE_H
#define TSBUILD_SUPERVISOR_TRACEE_H

#include "supervisor/registers.h"
#include "supervisor/call.h"

/* The ends of the step's first process, which any wait may learn of. */
struct ends {
	pid_t command;
	int status;
	bool has_ended;
};
void note_end(struct ends *ends, pid_t pid, int status);

struct tracee {
	pid_t thread, process;
	struct ends *ends;
	registers saved;
	int signals[8]; /* that came meanwhile, to be sent again */
	size_t signal_count;
};

/* Holds the caller, whose call ends with that; false when the caller is gone or cannot be held. */
bool hold_caller(struct tracee *tracee, const struct call *call, struct ends *ends);

/*
 * Makes the held process do a call. `REPLACED`: the call was exec, and the process is another
 * program.
 */
enum outcome { GONE, RETURNED, REPLACED };
enum outcome do_call(struct tracee *tracee, long number, const uint64_t arguments[6], int64_t *result);

/* Lets the process go on, as if its own call had had this result. */
void release(struct tracee *tracee, int64_t result);

/* Lets the process go on as the program that it became, and kills the process. */
void release_replaced(struct tracee *tracee);
void end_tracee(struct tracee *tracee);

#endif
