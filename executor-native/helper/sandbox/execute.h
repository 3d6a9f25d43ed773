/* The program of a step, once this process has the rights of the step. */
#ifndef TSBUILD_SANDBOX_EXECUTE_H
#define TSBUILD_SANDBOX_EXECUTE_H

#include "spec/spec.h"

/*
 * Finds the program as a shell does, and becomes it. Ends the process with a status line
 * "not-started" and the exit code that Docker shows when the program cannot be run.
 */
_Noreturn void execute(const struct spec *spec, char **env);

#endif
