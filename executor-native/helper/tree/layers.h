/* Unpacked layers, as overlayfs would merge them, made into a tree of plain files. */
#ifndef TSBUILD_TREE_LAYERS_H
#define TSBUILD_TREE_LAYERS_H

#include <limits.h>

#include "tree/copy.h"

/* Puts a layer's files into a tree that has those of the layers below it. */
void apply_layer(const char *layer, const char *tree, struct carried carried);

/* The directories of a stack that overlayfs would merge at some path, topmost first. */
struct merged {
	struct texts directories;
	char *file; /* at the path is this file, and nothing is merged; NULL for directories */
};

/* Finds a path in layers (bottom first); links are followed inside. False: nothing is there. */
bool find_in_layers(const struct texts *layers, const char *path, struct merged *found);

/* Copies it to a name that does not exist yet. */
void copy_merged(const struct merged *merged, const char *to, struct carried carried);

#endif
