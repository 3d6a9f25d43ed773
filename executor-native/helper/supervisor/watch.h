/*
 * Most steps meet no ids but those that are mapped, and run without a supervisor. Their filter asks about calls that name another id, which is the sign that
 * the step needs one: it then starts over with it, as a filter cannot be changed once it is there.
 */
#ifndef TSBUILD_SUPERVISOR_WATCH_H
#define TSBUILD_SUPERVISOR_WATCH_H

#include "base/util.h"

/* Calls that name ids. */
struct watched {
	uint32_t number;
	unsigned users, groups; /* bits: the arguments that are such; with none the ids are in memory */
};
extern const struct watched watched_calls[];
extern const size_t watched_count;

/* Called by the command: hands over the filter's descriptor. */
void hand_to_watcher(int control, int listener);

/* Called by the command when its first user is reason enough; waits for its end. */
_Noreturn void ask_for_supervisor(int control);

struct watch {
	int fd; /* the other end of `control`, then the filter's descriptor; -1 when nothing more can come */
	bool listening;
};

/* Called when there is something to read or the other end is closed. False: the step needs a supervisor, and waits to be ended. */
bool attend(struct watch *watch, short events);

#endif
