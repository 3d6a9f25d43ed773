/*
 * Changes of owners, modes, times and attributes of files that a caller names by a descriptor, or
 * by a link of /proc.
 *
 * A step can have a descriptor of a file of the machine's /proc or /sys. The kernel would let it
 * change that file for everybody, because the file is root's and so is the step's id. So this
 * process makes changes by a descriptor itself, and makes them to the file that it has checked,
 * because another thread may exchange the descriptor. For the same reason it follows links of /proc
 * itself.
 */
#ifndef TSBUILD_CHROOT_CHANGE_H
#define TSBUILD_CHROOT_CHANGE_H

#include <sys/stat.h>
#include <time.h>

#include "chroot/answers.h"
#include "ownership/devices.h"

/* The longest name that an attribute can have, with its NUL. */
#define NAME_ROOM 256

/* A file that a call changes: by a path, or without one the descriptor itself. */
struct subject {
	int directory;
	uint64_t path;
	int flags; /* AT_… */
};

struct change {
	/* Makes the change of a held file (O_PATH), as the caller's own call would; -1 with errno. */
	int (*make)(const struct change *change, int held);
	/* Makes the change of a device node; NULL where the kernel makes it of the node's file. */
	void (*make_of_device)(const struct change *change, struct device *device);
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
