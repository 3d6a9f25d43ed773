/* The sandboxed command: from full rights inside the new root to an exec without them. */
#ifndef TSBUILD_SANDBOX_COMMAND_H
#define TSBUILD_SANDBOX_COMMAND_H

#include "spec/spec.h"

/*
 * Called in the child of the sandbox's init, inside the new root. Ends in exec, or with a status line: "error" when the sandbox could not be
 * completed (unknown user …), "not-started" with the exit code Docker shows when the command itself cannot be run. `control` leads to the supervisor
 * where owners are virtual.
 */
_Noreturn void run_command(const struct spec *spec, int control);

/* What this process and its descendants can ever have, even through setuid programs and file capabilities. */
void limit_bounding_set(uint64_t mask);

/* Leaves this process only these of the capabilities it has. */
void limit_capabilities(uint64_t mask);

#endif
