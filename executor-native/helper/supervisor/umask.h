/* The mask of a caller for the modes of new files. */
#ifndef TSBUILD_SUPERVISOR_UMASK_H
#define TSBUILD_SUPERVISOR_UMASK_H

#include "supervisor/call.h"

mode_t umask_of(const struct call *call);

#endif
