/*
 * Owners of copies of files that cannot carry them (see ownership/owners.h): notes name a file by
 * its inode, so a copy needs a note of its own.
 */
#ifndef TSBUILD_TREE_COPIED_OWNERS_H
#define TSBUILD_TREE_COPIED_OWNERS_H

#include <stdio.h>

#include "ownership/owner-table.h"

struct copied_owners {
	struct owner_table known; /* of the files that are copied */
	const char *path;         /* of the notes of the copies, which are appended to what is there */
	FILE *notes;              /* NULL until there is one */
};

/* Reads the notes beside a directory, if it has some. */
void know_owners(struct copied_owners *owners, const char *directory);

/* Writes a note for the copy `to`, where there is one for `from`. */
void copy_owner(struct copied_owners *owners, const char *from, const char *to);

/* Ends the process when the notes cannot be written. */
void end_copied_owners(struct copied_owners *owners);

#endif
