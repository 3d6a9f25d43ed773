/*
 * Virtual owners: where ids are needed that are not mapped, a process outside the sandbox (the supervisor) answers the system calls that give or tell owners and
 * ids. It keeps what they say (see ownership/owners.h), so that processes find it again and layers carry it.
 */
#ifndef TSBUILD_SUPERVISOR_SUPERVISOR_H
#define TSBUILD_SUPERVISOR_SUPERVISOR_H

#include "spec/spec.h"
#include "sandbox/user.h"

/*
 * Starts the supervisor of the sandbox whose first process is `init`. It waits on `control` for the filter's descriptor; ends when nobody has the filter
 * any more, and writes down what cannot carry its owner.
 */
pid_t start_supervisor(const struct spec *spec, pid_t init, int control);

/* Called by the command before it has the filter: the first ids are those of the step (see supervisor/ids.c). */
void begin_ids(void);

/* Called by the command before exec: hands over the filter's descriptor, and as whom the command believes to run. */
void hand_to_supervisor(int control, int listener, const struct user *user);

#endif
