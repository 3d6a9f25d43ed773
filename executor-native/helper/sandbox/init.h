/* The first process of a sandbox: see "init" in README.md. */
#ifndef TSBUILD_SANDBOX_INIT_H
#define TSBUILD_SANDBOX_INIT_H

#include "ownership/owners.h"
#include "sandbox/streams.h"
#include "spec/spec.h"

/* The exit code of this process when the command failed; 0 when it succeeded. */
#define COMMAND_FAILED 1

/* Descriptors that lead out of the sandbox. */
struct channels {
	struct streams streams; /* of the command */
	int terminal; /* takes the terminal of the command; -1 where that has none */
	int alive;          /* reads end of file when the process outside is gone */
	int control;        /* leads to the watcher or the supervisor; -1 where all owners are real */
};

/*
 * Runs init in the new namespaces. A pid namespace needs a first process that stays: orphans become
 * its children and have to be collected, and the kernel kills all others when it ends. It sets the
 * sandbox up, starts the command, gives up every right, and waits for the command.
 */
_Noreturn void run_init(const struct spec *spec, struct owners *owners, struct channels *channels);

#endif
