/* The sandboxed command: from full rights inside the new root to an exec without them. */
#ifndef TSBUILD_SANDBOX_COMMAND_H
#define TSBUILD_SANDBOX_COMMAND_H

#include "ownership/owners.h"
#include "ownership/user.h"
#include "spec/spec.h"

/*
 * Runs the command of a step, in the child of init, inside the new root. Ends in exec, or with a
 * status line: "error" when the sandbox could not be completed (unknown user …), "not-started" with
 * the exit code that Docker shows when the command itself cannot be run. `control` leads to the
 * watcher or the supervisor, `proc` is a descriptor of /proc.
 */
_Noreturn void run_command(const struct spec *spec, const struct owners *owners, int control, int proc);

/*
 * Installs the filter of a step's system calls; `control` leads to whoever answers its questions.
 */
typedef void filter_installer(const struct spec *spec, int control);

/* Runs the command of a step with another filter than the usual one. All ids are mapped. */
_Noreturn void run_command_filtered(const struct spec *spec, int control, filter_installer *install);

/* Goes to the working directory of a step, whose missing parts are made. */
typedef void directory_enterer(const struct spec *spec, const struct user *user);

/*
 * Runs the command of a step where another process already answers every call, paths and ids
 * included. The command has the ids and rights that the other process shows.
 */
_Noreturn void run_command_translated(const struct spec *spec, directory_enterer *enter);

#endif
