/*
 * Owners that the user namespace has no ids for. Files and directories carry theirs as an extended attribute, which overlayfs copies up and layers are
 * made from; what cannot carry one (symlinks, FIFOs, files on some file systems) is in a table, told apart by inode and time of birth.
 */
#ifndef TSBUILD_OWNERS_H
#define TSBUILD_OWNERS_H

#include "util.h"

/* As oci/layer/xattrs.ts has it: `UID:GID`. */
#define OWNER_ATTRIBUTE "user.tsbuild.owner"

struct owner {
	uint32_t uid, gid;
};

/* False: what the file system says is true. `flags`: AT_SYMLINK_NOFOLLOW or 0. */
bool find_owner(const char *path, int flags, struct owner *owner);

/* False, with errno, when it cannot be kept. 0:0, which the file system itself says, is kept by forgetting. */
bool keep_owner(const char *path, int flags, struct owner owner);

/* Lines `inode birth uid gid`: decimal, birth in nanoseconds since the epoch (0 where the file system does not know it: then of the root only). */
void read_owners(const char *lines, dev_t root);

/* The directory (a descriptor) that the root's changes go to: what is copied up there has another inode than the one it is shown with. */
void use_upper(int directory);

/* The same, of what was kept since; makes no file when there is nothing to say. */
void write_owners(int directory, const char *name, dev_t root);

#endif
