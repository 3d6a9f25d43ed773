/*
 * Records that layers and mounts have written owners (see ownership/owners.h): a mark on their
 * directory, and notes in a file beside it.
 */
#ifndef TSBUILD_OWNERSHIP_OWNER_NOTES_H
#define TSBUILD_OWNERSHIP_OWNER_NOTES_H

#include "spec/spec.h"

/*
 * Attribute of the directory of a layer or cache mount with such owners; oci/layer/model/xattrs.ts
 * has it too.
 */
#define OWNERS_MARK "user.tsbuild.owners"

struct owner_notes {
	/*
	 * Lines `inode birth uid gid`: decimal, birth in nanoseconds since the epoch. Birth is 0 where
	 * the file system does not know it; such a line counts for the root file system only.
	 */
	struct texts texts;

	/* Directories of the host that are mounted writable, as cache mounts are. */
	struct place {
		int fd;
		dev_t device;
	} *places;
	size_t place_count;
};

/* Returns true when anything that the step will see has such owners. */
bool has_written_owners(const struct spec *spec);

/* Reads the notes, and opens what `mark_place_of` needs, while the host's paths are there. */
void read_notes(struct owner_notes *notes, const struct spec *spec);

/* Reads the notes beside a directory, if the directory has notes. */
void read_notes_of(struct owner_notes *notes, const char *directory);

/* Returns the path of the notes beside a directory. */
char *notes_path(const char *directory);

/* Marks the layer or the mount that holds this file, for the steps that follow. */
void mark_place_of(const struct owner_notes *notes, const char *path, int flags);

#endif
