/* Ends of a step, by the statuses of its processes. */
#ifndef TSBUILD_MODES_ENDINGS_H
#define TSBUILD_MODES_ENDINGS_H

#include "spec/spec.h"

/* Reports how the step ended, unless init has: `init` and `supervisor` are their statuses. */
void report_end(const struct spec *spec, bool is_stopped, int init, int supervisor);

/* Returns true when a supervisor ended the step because its filter does not ask about devices. */
bool needs_devices(int supervisor);

#endif
