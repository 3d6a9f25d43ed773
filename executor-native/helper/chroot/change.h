/*
 * Changes of owners, modes, times and attributes of files that a caller names by a descriptor, or
 * by a link of /proc.
 *
 * A step can have a descriptor of a file of the machine's /proc or /sys, and would change it for
 * everybody: of root's files there, root's id is all that the kernel asks for. So by a descriptor
 * this process makes the change itself, of the file that it has looked at: another thread may
 * exchange the descriptor. Links of /proc are followed by nobody else either.
 */
#ifndef TSBUILD_CHROOT_CHANGE_H
#define TSBUILD_CHROOT_CHANGE_H

#include <sys/stat.h>
#include <time.h>

#include "chroot/answers.h"

/* The longest name that an attribute can have, with its NUL. */
#define NAME_ROOM 256

/* A file that a call changes: by a path, or without one the descriptor itself. */
struct subject {
	int directory;
	uint64_t path;
	int flags; /* AT_… */
};

struct change {
	/* Makes the change of a file that is held (O_PATH), as its call does: -1 with errno. */
	int (*make)(const struct change *change, int held);
	/* Reads the rest of this from the caller's memory; NULL where there is none. */
	bool (*read)(const struct call *call, struct change *change);
	mode_t mode;
	uid_t uid;
	gid_t gid;
	struct timespec times[2];
	char name[NAME_ROOM];
	void *value;
	size_t size;
	int flags;
};

struct answer answer_change(const struct monitor *monitor, const struct call *call, const struct subject *subject,
                            struct change *change);

#endif
