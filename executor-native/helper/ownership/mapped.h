/* Which ids this user namespace has: the caller says it, as reading it costs every step something. Files can belong to no others (see ownership/owners.h). */
#ifndef TSBUILD_OWNERSHIP_MAPPED_H
#define TSBUILD_OWNERSHIP_MAPPED_H

#include "base/util.h"

/* `users`, `groups`: extents `first count` separated by commas. Without this call all ids are there. */
void use_mapped(char *users, char *groups);

bool is_mapped_user(uint32_t id);
bool is_mapped_group(uint32_t id);

/* Every id below it is there. */
uint32_t first_unmapped_user(void);
uint32_t first_unmapped_group(void);

#endif
