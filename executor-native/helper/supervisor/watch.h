/*
 * Most steps meet no ids but those that are mapped, and run without a supervisor. Their filter asks
 * about calls that name another id, which is the sign that the step needs one. The step then starts
 * over with it, because a filter cannot be changed once it is there. The same is true of calls that
 * make devices, of processes with the right to.
 */
#ifndef TSBUILD_SUPERVISOR_WATCH_H
#define TSBUILD_SUPERVISOR_WATCH_H

#include "spec/mapped.h"

/* The arguments that may be ids are among the first four. */
#define WATCHED_ARGUMENTS 4

/* Calls that name ids, and the arguments that are such; without any the ids are in memory. */
struct watched {
	uint32_t number;
	unsigned users, groups; /* masks of ARGUMENT(…) */
};
extern const struct watched watched_calls[];
extern const size_t watched_count;

/* Hands over the filter's descriptor. The command calls it. */
void hand_to_watcher(int control, int listener);

/*
 * Asks for a supervisor because of the command's first user, and waits for the end. The command
 * calls it.
 */
_Noreturn void ask_for_supervisor(int control);

/* A watcher's side. */
struct watch {
	int fd; /* the other end of `control`, then the filter's descriptor; -1 when nothing more can come */
	bool listening;
	bool saw_device; /* the call that needs a supervisor makes a device */
	const struct mapped_ids *mapped;
};

/*
 * Handles what `fd` has to read, or the end of it. Returns false when the step needs a supervisor,
 * and waits to be ended.
 */
bool attend(struct watch *watch, short events);

#endif
