/*
 * The root file system of a sandbox: an overlay of the spec's layers, in which every mount point
 * exists.
 */
#ifndef TSBUILD_MOUNTS_ROOTFS_H
#define TSBUILD_MOUNTS_ROOTFS_H

#include "ownership/owners.h"
#include "spec/spec.h"

/*
 * A private tmpfs that only this mount namespace sees: links to the layers under short names, files
 * that are mounted, empty things.
 */
struct stage {
	int fd;
	int null; /* the host's /dev/null, opened where it is read-only */
	const char *work;
	struct owners *owners;
};

struct stage make_stage(const struct spec *spec, struct owners *owners);

/* The directories of an overlay. */
struct overlay {
	const struct texts *lowers; /* bottom first */
	const char *upper, *work;   /* NULL: the overlay is read-only */
};

/*
 * Mounts an overlay at `<stage>/<name>` and returns a descriptor (O_PATH) of its root. Layers are
 * named through links in the stage, as the kernel takes one page of options: 500 layers (its limit)
 * fit whatever their paths.
 */
int mount_overlay(struct stage *stage, const char *name, const struct overlay *overlay);

/* Makes the root, complete with mount points; returns its descriptor. */
int make_root(struct stage *stage, const struct spec *spec);

#endif
