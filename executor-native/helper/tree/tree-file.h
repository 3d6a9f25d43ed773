/* The file that keeps the look of a tree between the steps that share a working root. */
#ifndef TSBUILD_TREE_TREE_FILE_H
#define TSBUILD_TREE_TREE_FILE_H

#include "tree/tree.h"

/* Writes the tree to a file. */
void save_tree(const struct node *root, const char *path);

/* Reads the tree of a file. False: there is no such file, or it is not whole. */
bool load_tree(struct node *root, const char *path);

#endif
