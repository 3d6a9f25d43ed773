/* The tree behind the program: its files in the single file, and how they get into a directory. */
#ifndef TSBUILD_SEA_UNPACK_H
#define TSBUILD_SEA_UNPACK_H

#include <stdint.h>
#include <sys/types.h>

/* The last bytes of the file, see scripts/sea.mjs; numbers are little endian, as both processors are. */
struct trailer {
	char magic[8];
	uint64_t offset;
	uint64_t size;
	char digest[32];
	char unused[8];
};

/* Begins the name of an unpacked version. */
#define UNPACKED "tsbuild-"

/* Reads the end of the file, and fails for a file that is cut off. */
struct trailer read_trailer(int self);

/* Unpacks beside the final place and renames: what has its name is whole. False: see the notes. */
int unpack(int self, const struct trailer *trailer, const char *place, const char *target);

#endif
