#include "spec/mapped.h"

#include <stdlib.h>

static int compare_extents(const void *a, const void *b)
{
	uint64_t first = ((const struct extent *)a)->first, second = ((const struct extent *)b)->first;
	return (first > second) - (first < second);
}

static void read_extents(char *text, struct id_set *ids)
{
	for (char *at = text; *at;) {
		uint64_t first = strtoull(at, &at, 10), count = strtoull(at, &at, 10);
		if ((*at && *at != ',') || !count || ids->count == LENGTH(ids->items))
			fail("exec/internal", "The mapped ids are malformed");
		ids->items[ids->count++] = (struct extent){first, first + count};
		at += *at == ',';
	}
	qsort(ids->items, ids->count, sizeof *ids->items, compare_extents);
}

void read_mapped(struct mapped_ids *mapped, char *users, char *groups)
{
	read_extents(users, &mapped->users);
	read_extents(groups, &mapped->groups);
}

static bool has(const struct id_set *ids, uint32_t id)
{
	for (size_t i = 0; i < ids->count; i++)
		if (id >= ids->items[i].first && id < ids->items[i].end)
			return true;
	return ids->count == 0;
}

bool is_mapped_user(const struct mapped_ids *mapped, uint32_t id) { return has(&mapped->users, id); }
bool is_mapped_group(const struct mapped_ids *mapped, uint32_t id) { return has(&mapped->groups, id); }

bool is_mapped(const struct mapped_ids *mapped, uint32_t uid, uint32_t gid)
{
	return is_mapped_user(mapped, uid) && is_mapped_group(mapped, gid);
}

uint32_t first_missing(const struct id_set *ids)
{
	uint64_t next = ids->count ? 0 : UINT32_MAX;
	for (size_t i = 0; i < ids->count && ids->items[i].first <= next; i++)
		if (ids->items[i].end > next)
			next = ids->items[i].end;
	return next > UINT32_MAX ? UINT32_MAX : (uint32_t)next;
}
