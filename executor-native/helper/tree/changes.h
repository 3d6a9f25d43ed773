/* The change set of a step: how a tree differs from what it was. */
#ifndef TSBUILD_TREE_CHANGES_H
#define TSBUILD_TREE_CHANGES_H

#include "tree/copy.h"
#include "tree/tree.h"

struct changes {
	const char *tree;           /* the directory */
	const char *upper;          /* gets what differs, as overlayfs would have written it there */
	const struct texts *lowers; /* the layers that the tree began as, bottom first */
	struct carried carried;     /* from the tree to the upper directory */
};

/* Writes the differences. */
void write_changes(const struct changes *changes, const struct node *before, const struct node *after);

#endif
