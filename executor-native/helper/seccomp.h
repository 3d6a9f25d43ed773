/* The system call allow-list of a sandbox. */
#ifndef TSBUILD_SECCOMP_H
#define TSBUILD_SECCOMP_H

/* Installs the filter on this process and its descendants. Needs CAP_SYS_ADMIN in the user namespace (no_new_privs would break setuid programs). */
void install_seccomp(void);

#endif
