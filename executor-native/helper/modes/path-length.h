#ifndef TSBUILD_MODES_PATH_LENGTH_H
#define TSBUILD_MODES_PATH_LENGTH_H

/*
 * The first path below `directory` that the kernel would not take as a whole, because it has more than 4,095 bytes with the directory's own; NULL when there is none.
 * A process can make one from inside a directory. For a directory that nobody else changes.
 */
const char *too_long_below(const char *directory);

#endif
