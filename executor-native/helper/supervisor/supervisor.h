/*
 * Virtual owners: where a step needs ids that are not mapped, a process outside the sandbox (the
 * supervisor) answers the system calls that set or read owners and ids. It records the owners (see
 * ownership/owners.h), so that processes find them again and layers carry them.
 */
#ifndef TSBUILD_SUPERVISOR_SUPERVISOR_H
#define TSBUILD_SUPERVISOR_SUPERVISOR_H

#include "ownership/owners.h"
#include "ownership/user.h"
#include "spec/spec.h"
#include "supervisor/ids.h"
#include "supervisor/paths.h"

struct supervisor {
	struct owners *owners;
	struct id_sets ids;
	struct mount_numbers mounts; /* of the sandbox */
	pid_t init;
	bool has_devices; /* the filter asks about what can be done with device nodes */
	int held;                    /* descriptor for the call that is being answered, or -1 */
};

/*
 * Starts the supervisor of the sandbox whose first process is `init`. It waits on `control` for the
 * filter's descriptor, and ends when nobody has the filter any more, after it wrote down the owners
 * that files cannot carry. It closes `input`, the runner's end of the command's input,
 * unless that is -1.
 */
pid_t start_supervisor(const struct spec *spec, struct owners *owners, pid_t init, int control, int input);

/*
 * Prepares the command before it has the filter: its first ids are those of the step (see ids.h).
 */
void begin_ids(void);

/*
 * Hands over the filter's descriptor, and the user that the command shall see. The command calls it
 * before exec.
 */
void hand_to_supervisor(int control, int listener, const struct user *user);

#endif
