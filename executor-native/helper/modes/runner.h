/* The beginning of a runner: the process outside of a step. See "runner" in README.md. */
#ifndef TSBUILD_MODES_RUNNER_H
#define TSBUILD_MODES_RUNNER_H

#include "spec/spec.h"

/* Descriptor of the caller's orders to a step that somebody talks to. */
#define ORDERS_FD 6

/*
 * Reads the spec, and handles SIGTERM with `stop`. The kernel sends `death_signal` when the caller
 * ends. Returns false when the caller has ended already.
 */
bool begin_runner(struct spec *spec, void (*stop)(int), int death_signal);

/* Refuses to run where a step could change this program (see protect_program in modes/userns.c). */
void check_protection(void);

/* Closes a descriptor; -1 is none. */
void close_given(int fd);

#endif
