/* Everything that a step sees in its root while it runs, and that is no part of its result. */
#ifndef TSBUILD_ROOTS_MOUNTS_H
#define TSBUILD_ROOTS_MOUNTS_H

#include "roots/places.h"
#include "spec/spec.h"

/*
 * Puts /proc, /dev, /sys and the files about the network into the root, unless the root has them
 * from the step before (`has_standard`); then puts the mounts of the step there.
 */
void place_mounts(struct places *places, const struct spec *spec, bool has_standard);

#endif
