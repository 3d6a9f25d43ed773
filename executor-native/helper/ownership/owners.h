/*
 * Owners that the user namespace has no ids for. The file system says that root owns such a file. Files and directories carry theirs as an extended attribute,
 * which overlayfs copies up and layers are made from; what cannot carry one (symlinks, FIFOs, files on some file systems) is in a table, told apart by inode and
 * time of birth.
 */
#ifndef TSBUILD_OWNERSHIP_OWNERS_H
#define TSBUILD_OWNERSHIP_OWNERS_H

#include "base/util.h"

/* As oci/layer/model/xattrs.ts has it: `UID:GID`. */
#define OWNER_ATTRIBUTE "user.tsbuild.owner"

struct owner {
	uint32_t uid, gid;
};

/* False: what the file system says is true. `flags`: AT_SYMLINK_NOFOLLOW or 0. */
bool find_owner(const char *path, int flags, struct owner *owner);

/* Whether the owner is in the table. */
bool is_noted(const char *path, int flags);

/* The owner, whoever says it; false, with errno, when there is no such file. */
bool owner_of(const char *path, int flags, struct owner *owner);

/* Gives the file away, really where both ids are mapped. False, with errno, when the file system refuses it or it cannot be kept. */
bool give_to(const char *path, int flags, struct owner owner);

/* From the notes of the step's layers and mounts. `root`: the device of the root file system. */
void read_owners(dev_t root);

/* The directory (a descriptor) that the root's changes go to: what is copied up there has another inode than the one it is shown with. */
void use_upper(int directory);

/* Writes down what was kept since of what cannot carry it; makes no file when there is nothing to say. */
void write_owners(int directory, const char *name, dev_t root);

#endif
