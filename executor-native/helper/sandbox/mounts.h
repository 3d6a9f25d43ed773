/* Everything that is mounted inside the root of a sandbox. */
#ifndef TSBUILD_SANDBOX_MOUNTS_H
#define TSBUILD_SANDBOX_MOUNTS_H

#include "sandbox/rootfs.h"

/* /proc, /dev, /sys, /etc/hosts, /etc/resolv.conf, then what is masked and read-only. */
void mount_standard(struct stage *stage, const struct spec *spec, int root);

/* The spec's own mounts, in order. */
void mount_extra(struct stage *stage, const struct spec *spec, int root);

/* Attaches a detached mount at a path inside `root`; the mount point is made when it is missing. Closes `mount`. */
void attach_inside(int mount, int root, const char *dest, bool file);

/* A file on the stage with this content, as a detached read-only mount. */
int file_mount(struct stage *stage, const char *name, const char *data, size_t size, uid_t uid, gid_t gid, mode_t mode);

#endif
