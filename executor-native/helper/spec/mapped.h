/*
 * The ids that this user namespace has. The caller says it, because asking the kernel costs every
 * step something. Files can belong to no other ids (see ownership/owners.h).
 */
#ifndef TSBUILD_SPEC_MAPPED_H
#define TSBUILD_SPEC_MAPPED_H

#include "base/util.h"

/* The number of extents that the kernel takes in a map. */
#define MAX_EXTENTS 340

/* Ids in order. An empty set stands for all ids. */
struct id_set {
	size_t count;
	struct extent {
		uint64_t first, end;
	} items[MAX_EXTENTS];
};

struct mapped_ids {
	struct id_set users, groups;
};

/* Adds extents `first count` separated by commas. */
void read_mapped(struct mapped_ids *mapped, char *users, char *groups);

bool is_mapped(const struct mapped_ids *mapped, uint32_t uid, uint32_t gid);
bool is_mapped_user(const struct mapped_ids *mapped, uint32_t id);
bool is_mapped_group(const struct mapped_ids *mapped, uint32_t id);

/* Returns the lowest id that is not in the set. */
uint32_t first_missing(const struct id_set *ids);

#endif
