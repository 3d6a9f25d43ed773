/* The beginning of a runner: the process outside of a step. See "runner" in README.md. */
#ifndef TSBUILD_MODES_RUNNER_H
#define TSBUILD_MODES_RUNNER_H

#include "spec/spec.h"

/*
 * Reads the spec, and handles SIGTERM with `stop`. The kernel sends `death_signal` when the caller
 * ends. Returns false when the caller has ended already.
 */
bool begin_runner(struct spec *spec, void (*stop)(int), int death_signal);

#endif
