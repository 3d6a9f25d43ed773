/*
 * The mount calls of Linux 5.2 and 5.12 that work on descriptors, so that nothing depends on a path
 * staying as it was. They have own names and numbers here: glibc 2.31 has none of them, and later
 * headers define them twice.
 */
#ifndef TSBUILD_MOUNTS_MOUNT_API_H
#define TSBUILD_MOUNTS_MOUNT_API_H

#include "base/util.h"

#define ATTRIBUTE_READONLY 0x1
#define ATTRIBUTE_NOSUID 0x2
#define ATTRIBUTE_NODEV 0x4
#define ATTRIBUTE_NOEXEC 0x8

/* Attributes of file systems that programs and devices have no business in. */
#define ATTRIBUTES_OF_DATA (ATTRIBUTE_NOSUID | ATTRIBUTE_NODEV | ATTRIBUTE_NOEXEC)

/*
 * Attributes of the host's device nodes: writing to a device needs no writable mount, changing the
 * node itself does.
 */
#define ATTRIBUTES_OF_DEVICES (ATTRIBUTE_READONLY | ATTRIBUTE_NOSUID | ATTRIBUTE_NOEXEC)

/* Attributes of directories of the machine: programs run, and gain nothing. */
#define ATTRIBUTES_OF_HOST (ATTRIBUTE_READONLY | ATTRIBUTE_NOSUID | ATTRIBUTE_NODEV)

struct fs_option {
	const char *key, *value; /* value NULL: a flag */
};

/* A list of options: OPTIONS({"mode", "0755"}), or NO_OPTIONS. */
#define OPTIONS(...) ((const struct fs_option[]){__VA_ARGS__, {NULL, NULL}})
#define NO_OPTIONS ((const struct fs_option[]){{NULL, NULL}})

/* Makes a detached mount of a new file system; -1 with errno when the kernel refuses. */
int new_filesystem(const char *type, const struct fs_option *options, unsigned attributes);

/*
 * Makes a detached copy of the mount at `path` below `directory` (an empty path is `directory`
 * itself), with the mounts under it. -1 with errno on failure.
 */
int copy_mount(int directory, const char *path);

/* Sets attributes on a mount and all below it. */
bool set_attributes(int mount, unsigned attributes);

/* Sets attributes on this mount alone, not on mounts below it. */
bool set_attributes_of_one(int mount, unsigned attributes);

/*
 * Puts a file on a read-only mount of its own, which this mount namespace and those made from it
 * have; false with errno.
 */
bool protect_file(const char *path);

/* Attaches a detached mount over the file or directory behind `target`. */
bool attach_mount(int mount, int target);

#endif
