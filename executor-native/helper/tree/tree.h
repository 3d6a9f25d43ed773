/* The look of a directory tree: the names in it, and the facts by which a change is noticed. */
#ifndef TSBUILD_TREE_TREE_H
#define TSBUILD_TREE_TREE_H

#include "base/util.h"

struct moment {
	int64_t seconds;
	uint64_t nanoseconds;
};

struct facts {
	uint64_t device, inode, size;
	uint32_t mode, uid, gid, links;
	struct moment modified, changed, born;
};

/* An entry. A directory has its own in the order of their names' bytes. */
struct node {
	char *name;
	struct facts facts;
	bool is_placed; /* a mount of the step lies here; nothing of it counts */
	size_t count, room;
	struct node *entries;
};

/* Reads the facts of a file; links are not followed. False, with errno, when there is none. */
bool read_facts(int directory, const char *name, struct facts *facts);

/*
 * Reads the tree in a directory. The paths of `placed` (`/a/b`) are noted as such, and not entered.
 */
void read_tree(const char *directory, const struct texts *placed, struct node *root);

/* Returns the entry of a directory; NULL when there is none. */
struct node *child_of(const struct node *directory, const char *name);

/* Returns the entry of a path inside the tree (`/a/b`); NULL when there is none. */
struct node *find_node(struct node *root, const char *path);

/* Returns the entry, which is added when it is missing. */
struct node *add_child(struct node *directory, const char *name);

void remove_child(struct node *directory, const char *name);

/* Compares times. */
bool is_same_moment(struct moment a, struct moment b);

/* Returns the latest time of a change in the tree. */
struct moment latest_change(const struct node *root);

/*
 * Waits until a change of any file would give it a later time than this latest one of its tree:
 * some file systems distinguish times by a few milliseconds only.
 */
void let_clock_pass(struct moment latest);

#endif
