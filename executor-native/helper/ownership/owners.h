/*
 * Owners that the user namespace has no ids for. The file system says that root owns such a file.
 * Files and directories carry theirs as an extended attribute, which overlayfs copies up and layers
 * are made from. Files that cannot carry one (symlinks, FIFOs, some file systems) are in a table.
 */
#ifndef TSBUILD_OWNERSHIP_OWNERS_H
#define TSBUILD_OWNERSHIP_OWNERS_H

#include <stdio.h>

#include "ownership/owner-notes.h"
#include "ownership/owner-table.h"
#include "spec/mapped.h"

/* Attribute of a file, `UID:GID`; oci/layer/model/xattrs.ts has it too. */
#define OWNER_ATTRIBUTE "user.tsbuild.owner"

struct owners {
	const struct mapped_ids *mapped;
	struct owner_notes notes;
	struct owner_table table;

	/*
	 * The directory that the root's changes go to, or -1. A file that is copied up there has
	 * another inode than the one it is shown with.
	 */
	int upper;

	/* True for a root that the next step takes over together with its notes. */
	bool keeps_all;
};

/* Functions below take `flags` that are AT_SYMLINK_NOFOLLOW or 0. */

/*
 * Finds the owner that is written down. Returns false when the file system's owner is the true one.
 */
bool find_owner(const struct owners *owners, const char *path, int flags, struct owner *owner);

/* Returns the entry of a file whose owner is in the table; NULL when there is none. */
const struct owner_entry *find_owner_entry(const struct owner_table *table, const char *path, int flags);

/* Returns true when the owner is in the table. */
bool is_noted(const struct owners *owners, const char *path, int flags);

/* Finds the owner, written down or not; false, with errno, when there is no such file. */
bool owner_of(const struct owners *owners, const char *path, int flags, struct owner *owner);

/*
 * Changes the owner of a file: the real one where both ids are mapped. Returns false, with errno,
 * when the file system refuses it or the owner cannot be written down.
 */
bool give_to(struct owners *owners, const char *path, int flags, struct owner owner);

/*
 * Fills the table from the notes of layers and mounts. `root`: the device of the root file system.
 */
void read_owners(struct owners *owners, dev_t root);

/* Reads lines of notes. `root`: the device of files whose time of birth is not known. */
void read_owner_lines(struct owner_table *table, char *at, dev_t root);

/* Writes a line of notes. */
void write_owner_line(FILE *file, uint64_t inode, int64_t birth, struct owner owner);

/* Finds the identity of a file; false, with errno, when there is no such file. */
bool identify_file(const char *path, int flags, struct identity *file);

/* Writes the owners of this sandbox that files cannot carry; makes no file when there are none. */
void write_owners(const struct owners *owners, int directory, const char *name, dev_t root);

#endif
