/*
 * The filter over the system calls of a sandbox. Installing one needs CAP_SYS_ADMIN in the user
 * namespace: the other way, no_new_privs, would break setuid programs.
 */
#ifndef TSBUILD_SECCOMP_FILTER_H
#define TSBUILD_SECCOMP_FILTER_H

#include <stdbool.h>

#include "spec/mapped.h"

/* Installs the allow-list on this process and its descendants. */
void install_seccomp(void);

/*
 * Installs the allow-list with questions about ids that are not mapped (see supervisor/watch.h),
 * for the process that has the descriptor which this returns. Returns -1 where the kernel, or a
 * container around, lets nobody be asked: then the kernel refuses such ids.
 */
int install_watched_seccomp(const struct mapped_ids *mapped);

/* The kind of filter that the supervisor needs. */
struct supervised_filter {
	bool limited;   /* the allow-list too; else every other call is allowed */
	bool has_devices; /* there are device nodes, or will be */
	bool has_notes; /* layers have notes of owners, so that new names of files matter */
	const struct mapped_ids *mapped;
};

/*
 * Installs a filter for virtual owners (see supervisor/supervisor.h): calls about owners and ids
 * wait for an answer from the process that has the descriptor which this returns.
 */
int install_supervised_seccomp(const struct supervised_filter *wanted);

#endif
