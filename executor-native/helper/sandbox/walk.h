/*
 * Paths inside a root directory that is not trusted. Every component is opened relative to the one before it and never followed by the
 * kernel, so no symlink, and no other process that swaps one in meanwhile, leads outside. `..` and absolute links stop at the root.
 */
#ifndef TSBUILD_SANDBOX_WALK_H
#define TSBUILD_SANDBOX_WALK_H

#include <limits.h>

#include "base/util.h"

#define WALK_DEPTH 256

enum walk_make { WALK_FIND, WALK_MAKE_DIRECTORY, WALK_MAKE_FILE };

struct walk {
	/* level[0] is the root; a level without a file (descriptor -1) does not exist. */
	struct {
		int fd;
		size_t length;
	} level[WALK_DEPTH];
	int depth;
	char real[PATH_MAX]; /* path inside the root with all links resolved, `/a/b`; the root is "" */
};

/*
 * Walks to `path`. With a WALK_MAKE mode, what is missing is made: directories 0755, the last component as the mode says.
 * Returns false with errno set when a component is no directory, links loop or making failed. With WALK_FIND missing parts are
 * levels with descriptor -1. Call walk_end in any case.
 */
bool walk(struct walk *walk, int root, const char *path, enum walk_make make);
void walk_end(struct walk *walk);

/* The descriptor (O_PATH) of what was walked to, -1 when it does not exist. Belongs to the walk. */
int walk_fd(const struct walk *walk);

#endif
