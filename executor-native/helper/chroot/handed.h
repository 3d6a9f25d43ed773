/*
 * Files of the machine that a step was given, and how they looked. The files that a process has
 * open cannot be read when it had root's id and changed its user. Its changes by descriptors are
 * therefore let pass, and these files get their look back afterwards.
 */
#ifndef TSBUILD_CHROOT_HANDED_H
#define TSBUILD_CHROOT_HANDED_H

#include <sys/stat.h>
#include <time.h>

#include "base/util.h"

struct handed {
	size_t count;
	struct handed_file {
		int held; /* O_PATH */
		struct stat look;
	} *items;
	bool is_suspected; /* one of them may be changed at any moment from now on */
	struct timespec latest; /* moment of the latest look at them */
};

/* Notes a file that is given to a step. `path` is that of the machine. */
void note_handed(struct handed *handed, const char *path, int fd);

/* Returns the number of milliseconds until the next check is due; -1 for never. */
int time_to_look(const struct handed *handed);

/* Restores the looks of all these files, if some time has passed since the latest check. */
void look_after(struct handed *handed);

/* Restores the looks of all these files at once. */
void restore_handed(struct handed *handed);

#endif
