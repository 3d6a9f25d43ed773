/* Everything that is mounted inside the root of a sandbox. */
#ifndef TSBUILD_SANDBOX_MOUNTS_H
#define TSBUILD_SANDBOX_MOUNTS_H

#include "sandbox/mount-api.h"
#include "sandbox/rootfs.h"

/*
 * Mounts /proc, /dev, /sys, /etc/hosts, /etc/resolv.conf; then covers paths, or makes them
 * read-only. Returns a descriptor of /proc, which later mounts do not hide.
 */
int mount_standard(struct stage *stage, const struct spec *spec, int root);

/* Mounts the spec's own mounts, in order. */
void mount_extra(struct stage *stage, const struct spec *spec, int root);

/* Attaches a detached mount at a path inside `root`; the mount point is made when it is missing. */
void attach_inside(int mount, int root, const char *dest, bool file);

/* Fills the empty /dev of a sandbox: devices, links, terminals, shared memory, message queues. */
void fill_dev(const struct spec *spec, int dev);

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
