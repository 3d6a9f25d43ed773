/* System calls of a sandbox that a process outside it answers, and the memory of the callers. */
#ifndef TSBUILD_SUPERVISOR_CALL_H
#define TSBUILD_SUPERVISOR_CALL_H

#include <sys/types.h>

#include "base/util.h"
#include "supervisor/notify.h"

#define MAX_ARGUMENTS 6

/* The bit of an argument in a mask. */
#define ARGUMENT(number) (1u << (number))

struct supervisor;

/* One system call that waits for its answer. */
struct call {
	int listener;
	uint64_t id;
	pid_t pid; /* of the thread, in the pid namespace of this process */
	uint64_t args[MAX_ARGUMENTS];
	struct supervisor *supervisor; /* NULL when a watcher asks */
};

struct answer {
	enum {
		ANSWER_CONTINUE, /* the kernel goes on with the call */
		ANSWER_VALUE,    /* the call returns the value */
		ANSWER_SENT,     /* the kernel has the answer already */
	} kind;
	int64_t value; /* or a negative errno */
};

#define CONTINUE ((struct answer){ANSWER_CONTINUE, 0})
#define VALUE(number) ((struct answer){ANSWER_VALUE, (number)})

/* Receives the next call; false when there is none after all, because its caller is gone. */
bool receive_call(int listener, union notification *notification);
struct call call_of(const union notification *notification, int listener);
void answer_call(const union notification *notification, int listener, struct answer answer);

/* Answers a call at once. The caller of this function then returns that the call is answered. */
void answer_waiting(const struct call *call, int64_t value);

/*
 * Returns true when the caller still waits. A file that was opened in its folder of /proc before is
 * then its own, because its pid is not another process's yet.
 */
bool still_waits(const struct call *call);

/*
 * Gives the caller the open file, as the result of its call where the kernel can do that at once.
 */
struct answer hand_over(const struct call *call, int fd, bool close_on_exec);

/* Gives the caller the open file beside its result. Returns the number, or a negative errno. */
int lend_descriptor(const struct call *call, int fd, bool close_on_exec);

bool read_memory(const struct call *call, uint64_t address, void *data, size_t size);
bool write_memory(const struct call *call, uint64_t address, const void *data, size_t size);

/* Reads a text with its NUL; false when it is longer than `room`. */
bool read_text(const struct call *call, uint64_t address, char *text, size_t room);

/* A way to read memory of a caller; read_text reads by read_memory. */
typedef bool memory_reader(const struct call *call, uint64_t address, void *data, size_t size);
bool read_text_by(memory_reader *read, const struct call *call, uint64_t address, char *text, size_t room);

#endif
