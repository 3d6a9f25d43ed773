/* Mounts of layers where no overlay can be: of the layers themselves, or of copies. */
#ifndef TSBUILD_ROOTS_LAYER_MOUNTS_H
#define TSBUILD_ROOTS_LAYER_MOUNTS_H

#include "spec/spec.h"

/*
 * Makes a bind mount of each mount of layers. Copies are in `directory`, which lasts as long as the
 * step.
 */
void replace_layer_mounts(struct spec *spec, const char *directory);

#endif
