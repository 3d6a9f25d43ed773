/* The sandboxed command: from full rights inside the new root to an exec without them. */
#ifndef TSBUILD_SANDBOX_COMMAND_H
#define TSBUILD_SANDBOX_COMMAND_H

#include "ownership/owners.h"
#include "spec/spec.h"

/*
 * Runs it, in the child of init, inside the new root. Ends in exec, or with a status line: "error"
 * when the sandbox could not be completed (unknown user …), "not-started" with the exit code that
 * Docker shows when the command itself cannot be run. `control` leads to the watcher or the
 * supervisor, `proc` is a descriptor of /proc.
 */
_Noreturn void run_command(const struct spec *spec, const struct owners *owners, int control, int proc);

/*
 * Installs the filter of a step's system calls; `control` leads to whoever answers its questions.
 */
typedef void filter_installer(const struct spec *spec, int control);

/* Runs it likewise with another filter than the usual one. All ids are mapped. */
_Noreturn void run_command_filtered(const struct spec *spec, int control, filter_installer *install);

/* Finds the program as a shell does, and becomes it. */
_Noreturn void execute(const struct spec *spec, char **env);

/*
 * Returns the value of a variable of the step, the last one when there are several; NULL for none.
 */
const char *find_variable(const struct spec *spec, const char *name);

#endif
