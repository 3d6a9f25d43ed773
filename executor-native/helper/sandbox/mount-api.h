/*
 * The mount calls of Linux 5.2 and 5.12 that work on descriptors, so that nothing depends on a path staying what it was. Own names and
 * numbers: glibc 2.31 has none of them, and later headers define them twice.
 */
#ifndef TSBUILD_SANDBOX_MOUNT_API_H
#define TSBUILD_SANDBOX_MOUNT_API_H

#include "base/util.h"

#define ATTRIBUTE_READONLY 0x1
#define ATTRIBUTE_NOSUID 0x2
#define ATTRIBUTE_NODEV 0x4
#define ATTRIBUTE_NOEXEC 0x8

/* Of the host's device nodes: writing to a device needs no writable mount, changing the node itself does. */
#define ATTRIBUTES_OF_DEVICES (ATTRIBUTE_READONLY | ATTRIBUTE_NOSUID | ATTRIBUTE_NOEXEC)

struct fs_option {
	const char *key, *value; /* value NULL: a flag */
};

/* A detached mount of a new file system; -1 with errno when the kernel refuses. Ends the list of options with {NULL, NULL}. */
int new_filesystem(const char *type, const struct fs_option *options, unsigned attributes);

/* A detached copy of the mount at `path` below `directory` (an empty path is `directory` itself), with the mounts under it. -1 with errno on failure. */
int copy_mount(int directory, const char *path);

/* Sets attributes on a mount and all below it. */
bool set_attributes(int mount, unsigned attributes);

/* Attaches a detached mount over the file or directory behind `target`. */
bool attach_mount(int mount, int target);

#endif
