/* Devices of the machine that a step was lent as nodes in its root. */
#ifndef TSBUILD_ROOTS_LENT_DEVICES_H
#define TSBUILD_ROOTS_LENT_DEVICES_H

#include "tree/tree.h"

/*
 * Removes nodes that a step has linked or moved from where it was lent them, from the root at
 * `directory` and from its tree: the next step would have them in the same root. No others are
 * there, because those that a step makes are notes.
 */
void remove_lent_devices(const char *directory, struct node *tree);

#endif
