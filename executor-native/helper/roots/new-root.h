/* The directory of a root that has no files yet. */
#ifndef TSBUILD_ROOTS_NEW_ROOT_H
#define TSBUILD_ROOTS_NEW_ROOT_H

/* Makes the directory `path` in `folder`, a directory of the builder's. */
void make_new_root(const char *folder, const char *path);

#endif
