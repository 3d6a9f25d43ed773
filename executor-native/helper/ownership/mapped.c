#include "ownership/mapped.h"

#include <stdlib.h>

struct extents {
	size_t count;
	struct extent {
		uint64_t first, end;
	} items[340]; /* as many as the kernel takes */
};
static struct extents users, groups;

static int compare_extents(const void *a, const void *b)
{
	uint64_t first = ((const struct extent *)a)->first, second = ((const struct extent *)b)->first;
	return (first > second) - (first < second);
}

static void read_extents(char *text, struct extents *extents)
{
	for (char *at = text; *at;) {
		uint64_t first = strtoull(at, &at, 10), count = strtoull(at, &at, 10);
		if ((*at && *at != ',') || !count || extents->count == LENGTH(extents->items))
			fail("exec/internal", "The mapped ids are malformed");
		extents->items[extents->count++] = (struct extent){first, first + count};
		at += *at == ',';
	}
	qsort(extents->items, extents->count, sizeof *extents->items, compare_extents);
}

void use_mapped(char *user_text, char *group_text)
{
	read_extents(user_text, &users);
	read_extents(group_text, &groups);
}

static bool has(const struct extents *extents, uint32_t id)
{
	for (size_t i = 0; i < extents->count; i++)
		if (id >= extents->items[i].first && id < extents->items[i].end)
			return true;
	return extents->count == 0;
}

bool is_mapped_user(uint32_t id) { return has(&users, id); }
bool is_mapped_group(uint32_t id) { return has(&groups, id); }

static uint32_t first_gap(const struct extents *extents)
{
	uint64_t next = extents->count ? 0 : UINT32_MAX;
	for (size_t i = 0; i < extents->count && extents->items[i].first <= next; i++)
		if (extents->items[i].end > next)
			next = extents->items[i].end;
	return next > UINT32_MAX ? UINT32_MAX : (uint32_t)next;
}

uint32_t first_unmapped_user(void) { return first_gap(&users); }
uint32_t first_unmapped_group(void) { return first_gap(&groups); }
