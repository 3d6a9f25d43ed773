/*
 * Branches of a directory that another step has: the same files under names of a step's own. Both
 * see what is written into these files. Names that come and go are brought together when the step
 * has ended.
 */
#ifndef TSBUILD_ROOTS_BRANCHES_H
#define TSBUILD_ROOTS_BRANCHES_H

#include "tree/tree.h"

/*
 * Makes a branch of a directory at a path, and says what was in it. Files of the directory that
 * vanish meanwhile, or can have no other name, are not in the branch.
 */
void make_branch(int directory, const char *path, struct node *began);

/*
 * Brings what a branch has got since it began to the directory, and takes away what it has lost. A
 * file that was exchanged in both is the branch's. A directory that was removed there stays so.
 */
void merge_branch(const char *path, const struct node *began, int directory);

#endif
