/* Calls whose answer takes as long as another process of the step lets it. */
#ifndef TSBUILD_SUPERVISED_WAITING_H
#define TSBUILD_SUPERVISED_WAITING_H

#include "supervisor/call.h"

/*
 * Runs a function on a thread of its own, which answers the call. Note that it is no process,
 * because the step could reach that. Returns 0 or a number of errno.
 */
int begin_waiting(void *(*run)(void *data), void *data);

/* Opens a FIFO that is held, as soon as somebody has its other end, and hands it over. */
struct answer open_waiting(const struct call *call, int held, int flags, bool close_on_exec);

#endif
