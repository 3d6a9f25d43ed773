/*
 * The root of a step as a directory of plain files, where no overlay can be: copies of the layers'
 * files. It goes along from a step to the next one, and what a step changed is found by comparison.
 */
#ifndef TSBUILD_ROOTS_WORKING_ROOT_H
#define TSBUILD_ROOTS_WORKING_ROOT_H

#include "roots/places.h"
#include "spec/spec.h"

struct working_root {
	const struct spec *spec;
	char *path, *index, *stage, *kept;
	struct node before;
	struct places places;
	bool knows_before; /* `before` is read */
	bool has_standard; /* what stands for the mounts of every step lies in it already (see kept.h) */
	bool may_have_changed; /* the step made a call that may change files */
};

/*
 * Brings the root to what the layers say. `lent`: see places.h; NULL where mounts are real ones.
 * `looks`: of a step whose paths are translated; NULL for others.
 */
void prepare_root(struct working_root *root, const struct spec *spec, struct lent *lent, struct looks *looks);

/* Makes what the step's mounts are to be mounted on, where the root lacks it. */
void make_mount_points(struct working_root *root);

/* Closes every descriptor of the root, in a process that is to have none. */
void close_root(struct working_root *root);

/*
 * Writes what the step changed into the upper directory, and leaves the root for the step after it.
 * No process may be in it.
 */
void keep_changes(struct working_root *root);

/*
 * Writes the changes of a failed step. Call it after the report of the step's end, because a
 * failure to write them is no failure of the step.
 */
void keep_failed(struct working_root *root);

/*
 * Leaves the root for the step after it when the step made no call that may change a file: the root
 * is not read then, and what stands for mounts stays in it.
 */
void keep_unchanged(struct working_root *root);

#endif
