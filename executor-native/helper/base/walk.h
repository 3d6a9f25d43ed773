/*
 * Paths inside a root directory that is not trusted. Every component is opened relative to the one
 * before it and never followed by the kernel, so no symlink, and no other process that swaps one in
 * meanwhile, leads outside. `..` and absolute links stop at the root.
 */
#ifndef TSBUILD_BASE_WALK_H
#define TSBUILD_BASE_WALK_H

#include <limits.h>

#include "base/util.h"

#define WALK_DEPTH 256

enum walk_make { WALK_FIND, WALK_MAKE_DIRECTORY, WALK_MAKE_FILE };

struct walk {
	/*
	 * Directories on the way, the root first. A level without a file (descriptor -1) does not
	 * exist.
	 */
	struct {
		int fd;
		size_t length; /* of the path up to here, in `real` */
	} level[WALK_DEPTH];
	int depth;
	char real[PATH_MAX]; /* path inside the root with all links resolved, `/a/b`; the root is "" */
};

/* A variable whose walk ends when it goes out of scope; begin it with NO_WALK. */
#define cleanup_walk __attribute__((cleanup(end_walk)))
#define NO_WALK {.depth = 0}

/*
 * Walks to `path`. With a WALK_MAKE mode, missing parts are made: directories 0755, the last
 * component as the mode says. With WALK_FIND they are levels with descriptor -1. False, with errno,
 * when a component is no directory, links loop or making failed.
 */
bool walk(struct walk *walk, int root, const char *path, enum walk_make make);

/* Returns how many directories of the way to `path` exist, the root included. */
int count_existing(int root, const char *path);

/* Closes the levels; errno stays. */
void end_walk(struct walk *walk);

/*
 * Returns the descriptor (O_PATH) at the end of the walk, -1 when nothing is there. The walk owns
 * it.
 */
int walk_fd(const struct walk *walk);

#endif
