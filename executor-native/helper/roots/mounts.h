/* Everything that a step sees in its root while it runs, and that is no part of its result. */
#ifndef TSBUILD_ROOTS_MOUNTS_H
#define TSBUILD_ROOTS_MOUNTS_H

#include "roots/places.h"
#include "spec/spec.h"

/*
 * Puts it there: /proc, /dev, /sys and the files about the network, unless the root has them from
 * the step before (`has_standard`), and the mounts of the step.
 */
void place_mounts(struct places *places, const struct spec *spec, bool has_standard);

#endif
