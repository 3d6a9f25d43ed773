/* Removal of files and trees. */
#ifndef TSBUILD_BASE_REMOVE_TREE_H
#define TSBUILD_BASE_REMOVE_TREE_H

/*
 * Removes a file or a whole tree, whatever its modes, depth and names. Links are not followed,
 * other file systems not entered. A missing path is no error.
 */
void remove_tree(const char *path);

#endif
