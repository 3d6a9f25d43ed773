/* The files that paths in the memory of a caller lead to. */
#ifndef TSBUILD_SUPERVISOR_PATHS_H
#define TSBUILD_SUPERVISOR_PATHS_H

#include <limits.h>

#include "supervisor/call.h"

/* Room for the beginning of a path in /proc, such as `1234/fd/5`. */
#define START_ROOM 48

/* More mounts than a sandbox has; one that finds no room counts as outside. */
#define MAX_MOUNTS 1024

/* Numbers of mounts, as /proc/PID/mountinfo has them. */
struct mount_numbers {
	uint64_t items[MAX_MOUNTS];
	size_t count;
};

/*
 * A file, as a path from the supervisor's working directory, which is /proc of its pid namespace.
 */
struct located {
	char path[START_ROOM + 1 + PATH_MAX];
	int flags;    /* AT_SYMLINK_NOFOLLOW or 0: how `path` is to be taken */
	bool slashes; /* the name of a file that is to be made ended with some */
};

/*
 * Finds the file that `path` (an address in the caller's memory) means to the caller: only to look
 * whether something is written down for it, as it may lie outside the sandbox. False when the
 * kernel had better answer.
 */
bool locate(const struct call *call, int directory, uint64_t path, int flags, struct located *located);

/*
 * Finds the file by a descriptor that is valid until the next call is answered. False also for a
 * file that is not on a mount of the sandbox: the kernel, which knows the caller's rights, answers.
 */
bool hold(const struct call *call, int directory, uint64_t path, int flags, struct located *located);

/* Finds the place of a file that is to be made, by a descriptor of its directory. */
bool hold_parent(const struct call *call, int directory, uint64_t path, struct located *located);

/*
 * Returns true when a directory is on the same mount as the caller's root. Note that this process
 * may have another copy of the sandbox's mounts.
 */
bool is_on_root(const struct call *call, const char *path);

/* Reads which mounts this process sees. */
void read_own_mounts(struct mount_numbers *mounts);

#endif
