/* Calls whose answer takes as long as another process of the step lets it. */
#ifndef TSBUILD_SUPERVISED_WAITING_H
#define TSBUILD_SUPERVISED_WAITING_H

#include "supervisor/call.h"

/* Opens a FIFO that is held, as soon as somebody has its other end, and hands it over. */
struct answer open_waiting(const struct call *call, int held, int flags, bool close_on_exec);

#endif
