/* Directories that the file may be unpacked in. */
#ifndef TSBUILD_SEA_PLACE_H
#define TSBUILD_SEA_PLACE_H

#include <sys/types.h>

/* Makes a directory with those above it. Returns -1 with errno where that fails. */
int make_directories(char *path, mode_t mode);

/*
 * Writes the candidate of this number to `to`, of PATH_MAX bytes: "" where the environment names
 * none. Returns 0 for one that is too long, and -1 behind the last.
 */
int candidate(int number, char *to);

/* Makes the directory that versions are unpacked in; false where it cannot be used. */
int use_place(char *place);

#endif
