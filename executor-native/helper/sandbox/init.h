/* The first process of a sandbox: sets it up, starts the command, reaps, and ends with it. */
#ifndef TSBUILD_SANDBOX_INIT_H
#define TSBUILD_SANDBOX_INIT_H

#include "spec/spec.h"

/*
 * Called in the new namespaces. `output` and `errors` become the command's; `alive` reads end of file when the process outside is gone; `control` leads to
 * the supervisor where owners are virtual, else -1.
 */
_Noreturn void run_init(const struct spec *spec, int output, int errors, int alive, int control);

#endif
