/* The system call allow-list of a sandbox. */
#ifndef TSBUILD_SECCOMP_FILTER_H
#define TSBUILD_SECCOMP_FILTER_H

#include <stdbool.h>

/* Installs the filter on this process and its descendants. Needs CAP_SYS_ADMIN in the user namespace (no_new_privs would break setuid programs). */
void install_seccomp(void);

/*
 * The same, with questions about ids that are not mapped (see supervisor/watch.h), for whoever has the descriptor that this returns; -1 where the kernel, or a container
 * around, lets nobody be asked: then the kernel refuses such ids.
 */
int install_watched_seccomp(void);

/*
 * The same for virtual owners (see supervisor/supervisor.h): calls about owners and ids wait for an answer from whoever has the descriptor that this returns. Without
 * `limited` everything else is allowed.
 */
int install_supervised_seccomp(bool limited);

#endif
