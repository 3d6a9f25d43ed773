/* Everything that is mounted inside the root of a sandbox. */
#ifndef TSBUILD_MOUNTS_MOUNTS_H
#define TSBUILD_MOUNTS_MOUNTS_H

#include "mounts/rootfs.h"

/*
 * Mounts /proc, /dev, /sys, /etc/hosts, /etc/resolv.conf; then covers paths, or makes them
 * read-only. Returns a descriptor of /proc, which later mounts do not hide.
 */
int mount_standard(struct stage *stage, const struct spec *spec, int root);

/* Mounts the spec's own mounts, in order. */
void mount_extra(struct stage *stage, const struct spec *spec, int root);

/* Fills the empty /dev of a sandbox: devices, links, terminals, shared memory, message queues. */
void fill_dev(const struct spec *spec, int dev);

#endif
