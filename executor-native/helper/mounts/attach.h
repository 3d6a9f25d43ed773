/* Mounts for the inside of a sandbox: they are made detached, and then attached. */
#ifndef TSBUILD_MOUNTS_ATTACH_H
#define TSBUILD_MOUNTS_ATTACH_H

#include "mounts/mount-api.h"
#include "mounts/rootfs.h"

/* Attributes of single files and of directories that cover others. */
#define ATTRIBUTES_OF_COVERS (ATTRIBUTE_READONLY | ATTRIBUTES_OF_DATA)

/* Attaches a detached mount at a path inside `root`; the mount point is made when it is missing. */
void attach_inside(int mount, int root, const char *dest, bool file);

/* Mounts a new file system, detached; ends the process on failure. */
int mount_new(const char *type, const struct fs_option *options, unsigned attributes);

/* A file that is made for a mount. */
struct file_mount {
	const char *name; /* on the stage */
	const char *data;
	size_t size;
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

/* Makes a detached read-only mount of a file on the stage. */
int mount_file(struct stage *stage, const struct file_mount *file);

#endif
