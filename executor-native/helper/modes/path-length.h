/* Paths that are too long for the kernel, which a process can make from inside a directory. */
#ifndef TSBUILD_MODES_PATH_LENGTH_H
#define TSBUILD_MODES_PATH_LENGTH_H

/*
 * Returns the first path below `directory` that the kernel would not take as a whole, because it
 * has more than 4,095 bytes with the directory's own; NULL when there is none. The caller frees it.
 * To be called on a directory that nobody else changes.
 */
char *find_too_long(const char *directory);

#endif
