/*
 * Files and directories that lie in the root of a step while it runs, where mounts would be. The
 * root's own files there are moved aside, and come back afterwards.
 */
#ifndef TSBUILD_ROOTS_PLACES_H
#define TSBUILD_ROOTS_PLACES_H

#include <limits.h>
#include <sys/stat.h>

#include "ownership/looks.h"
#include "tree/tree.h"

/*
 * Directories that are lent to a step. The monitor's parent brings them back if the monitor dies.
 */
#define MAX_LENT 64
struct lent {
	bool is_out;
	char source[4096], place[4096]; /* the place is a path in the root */
};

/* A directory that something is put into or taken out of; its times are not to change by that. */
struct kept_times {
	int fd;
	struct timespec times[2];
};

struct placed {
	char *path; /* in the root, with all links resolved */
	char *name; /* its last part */
	struct kept_times parent;
	char *aside;  /* where that lies which was there; NULL for nothing */
	char *source; /* where the content goes back to; NULL when it is thrown away */
	bool is_copy; /* the source is on another file system */
	struct lent *lent;
	int lock;           /* of the source, while that is in the root; 0 for none */
	struct node *began; /* what was in a branch of the source at first; NULL where this is none */
};

/* A directory that was made on the way to a place. */
struct stub_directory {
	int parent;
	char *path;
};

struct places {
	const char *root_path, *stage; /* the root; a directory for what is moved aside */
	int root;
	struct node *tree; /* of the root, which learns of every place */
	size_t count;
	struct placed *items;
	struct texts paths; /* of the items */
	struct lent *lent; /* MAX_LENT of them */
	struct looks *looks; /* how files look that cannot belong to others; NULL where they can */
	bool lends_devices; /* the root could have no devices of its own (see mounts.c) */
	bool lends_terminals;
	size_t stub_count;
	struct stub_directory *stubs;
};

/* Error code of places.c and take-away.c. */
#define PLACES_CODE "exec/mount-point"

struct kept_times keep_times(int fd);

/* Sets the times, unless the step has removed the directory. */
void restore_times(const struct kept_times *kept);

/*
 * Makes room at a path, and follows links of the root on the way. `is_directory` says what the
 * caller will put there. Returns the path to put it at.
 */
char *make_place(struct places *places, const char *dest, bool is_directory);

/*
 * Sets the path to which the content of the latest place returns. `is_copy`: the original stayed
 * there.
 */
void return_to(struct places *places, const char *source, bool is_copy);

/* Restores the times of the directories around, when everything is in its place. */
void restore_parents(struct places *places);

/*
 * Takes everything away again (take-away.c), and corrects `tree`, which was read when the step had
 * ended; NULL where nobody needs the root any more. No process may be in it.
 */
void take_away(struct places *places, struct node *tree);

#endif
