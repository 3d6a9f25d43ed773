/* Facts about a container that the parts of the loader share. */
#ifndef TSBUILD_TEST_LOADER_H
#define TSBUILD_TEST_LOADER_H

#include "base/util.h"

#define MAX_REFUSED 16

/* Rows of system calls that fail: see `refusable` in rights.c. */
struct refused {
	const char *name;
	unsigned error;
};

enum filter { FILTER_NONE, FILTER_DEFAULT, FILTER_SYS_ADMIN };

struct container {
	const char *place; /* empty directory, on which its root is mounted */
	const char *root;  /* directory of the machine that its root lies over */
	const char *home, *directory;
	uid_t uid;
	gid_t gid;
	uint64_t capabilities;
	enum filter filter;
	struct refused refused[MAX_REFUSED];
	size_t refused_count;
	bool masked, readonly, no_new_privileges, no_user_namespaces;
	struct texts volumes;     /* directories of the machine */
	struct texts filesystems; /* TYPE=PATH */
};

/* Makes the root of the container, and enters it. Returns a /proc with nothing covered, to be closed. */
int enter_container(const struct container *container);

/* Gives up all rights but those of the container. */
void limit_rights(const struct container *container);

#endif
