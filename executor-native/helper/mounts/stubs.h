/*
 * Mount points that the root file system lacks. They are made in a layer of their own, so that no
 * trace of them reaches the image.
 */
#ifndef TSBUILD_MOUNTS_STUBS_H
#define TSBUILD_MOUNTS_STUBS_H

#include "spec/spec.h"

struct stubs {
	size_t count;
	struct stub {
		char *path; /* inside the root, links resolved */
		bool file;
	} *items;
};

/*
 * Finds the mount points that are missing for the standard mounts and thespec's, in order; returns
 * how many there are. Mount points inside other mounts are not counted.
 */
size_t find_stubs(struct stubs *stubs, const struct spec *spec, int root);

/*
 * Makes them in the empty directory `layer`, under copies of the directories that exist in `root`.
 */
void make_stubs(const struct stubs *stubs, int root, const char *layer);

#endif
