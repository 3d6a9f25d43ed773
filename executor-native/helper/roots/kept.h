/*
 * Places that every step has, which stay in the root from one step to the next as long as no step
 * makes a call that may change a file. Their description lies beside the root.
 */
#ifndef TSBUILD_ROOTS_KEPT_H
#define TSBUILD_ROOTS_KEPT_H

#include "roots/places.h"
#include "spec/spec.h"

struct kept {
	struct moment latest; /* the latest change in the root */
	char *hosts, *resolv_conf;
};

/* Writes what is placed, without mounts of the step's own. */
void save_kept(const struct places *places, const struct kept *kept, const char *path);

/* Reads what is placed, and holds its directories. False: there is no such file. */
bool load_kept(struct places *places, struct kept *kept, const char *path);

#endif
