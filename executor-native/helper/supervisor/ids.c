#include "supervisor/ids.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/short-path.h"
#include "ownership/owners.h"
#include "supervisor/supervisor.h"

#define FIRST_ROOM 16

static bool same_groups(const struct ids *a, const struct ids *b)
{
	return a->group_count == b->group_count &&
	       (a->group_count == 0 || memcmp(a->groups, b->groups, a->group_count * sizeof *a->groups) == 0);
}

static bool same_ids(const struct ids *a, const struct ids *b)
{
	return memcmp(a->user, b->user, sizeof a->user) == 0 && memcmp(a->group, b->group, sizeof a->group) == 0 &&
	       memcmp(a->program, b->program, sizeof a->program) == 0 && a->keeps == b->keeps && same_groups(a, b);
}

static int compare_groups(const void *a, const void *b)
{
	uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;
	return (first > second) - (first < second);
}

void sort_groups(uint32_t *groups, size_t count) { qsort(groups, count, sizeof *groups, compare_groups); }

static uint32_t *copy_groups(const uint32_t *groups, size_t count)
{
	uint32_t *copy = allocate((count + 1) * sizeof *copy);
	if (count)
		memcpy(copy, groups, count * sizeof *copy);
	return copy;
}

/* Returns the number of a set of ids, which is added when it is new. */
static size_t number_of(struct id_sets *sets, const struct ids *ids)
{
	for (size_t i = 0; i < sets->count; i++)
		if (same_ids(&sets->items[i], ids))
			return i;
	if (sets->count == sets->room) {
		sets->room = sets->room ? 2 * sets->room : FIRST_ROOM;
		sets->items = resize(sets->items, sets->room, sizeof *sets->items);
	}
	sets->items[sets->count] = *ids;
	sets->items[sets->count].groups = copy_groups(ids->groups, ids->group_count);
	return sets->count++;
}

void set_first_ids(struct id_sets *sets, uint32_t uid, uint32_t gid, uint32_t *groups, uint32_t count)
{
	sort_groups(groups, count);
	struct ids ids = {
		.user = {uid, uid, uid, uid}, .group = {gid, gid, gid, gid}, .group_count = count, .groups = groups};
	number_of(sets, &ids);
}

const struct ids *give_ids(const struct call *call, const struct ids *ids)
{
	struct id_sets *sets = &call->supervisor->ids;
	struct rlimit limit;
	size_t number = number_of(sets, ids);
	if (prlimit(call->pid, RLIMIT_LOCKS, NULL, &limit) == 0) {
		limit.rlim_cur = number;
		prlimit(call->pid, RLIMIT_LOCKS, &limit, NULL);
	}
	return &sets->items[number];
}

static bool find_program(const struct call *call, struct short_path *path, struct stat *program)
{
	*path = short_path("%d/exe", call->pid);
	return stat(path->text, program) == 0;
}

bool keep_ids(const struct call *call, struct ids *ids, bool keeps)
{
	struct short_path path;
	struct stat program;
	if (!find_program(call, &path, &program))
		return false;
	ids->keeps = keeps;
	ids->program[DEVICE] = program.st_dev;
	ids->program[INODE] = program.st_ino;
	return true;
}

static void set_effective(uint32_t *ids, uint32_t id) { ids[EFFECTIVE] = ids[SAVED] = ids[FILES] = id; }

/*
 * Returns the ids that exec would have left the process: unless it still is the program that the
 * ids were given to, set-id bits of its program count.
 */
static const struct ids *after_exec(const struct call *call, const struct ids *ids)
{
	struct short_path path;
	struct stat program;
	if (!find_program(call, &path, &program))
		return ids;
	if (ids->keeps && program.st_dev == ids->program[DEVICE] && program.st_ino == ids->program[INODE])
		return ids;
	bool set_user = program.st_mode & S_ISUID;
	bool set_group = (program.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
	struct ids now = *ids;
	now.keeps = 0;
	now.program[DEVICE] = set_user || set_group ? program.st_dev : 0;
	now.program[INODE] = set_user || set_group ? program.st_ino : 0;
	if (same_ids(&now, ids))
		return ids;
	struct owner owner = {program.st_uid, program.st_gid};
	if (set_user || set_group)
		find_owner(call->supervisor->owners, path.text, 0, &owner);
	if (set_user)
		set_effective(now.user, owner.uid);
	if (set_group)
		set_effective(now.group, owner.gid);
	return give_ids(call, &now);
}

void begin_program(const struct call *call, const struct set_ids *program)
{
	struct ids now = *ids_of(call);
	now.keeps = 0;
	now.program[DEVICE] = now.program[INODE] = 0;
	set_effective(now.user, program->sets_user ? program->owner.uid : now.user[EFFECTIVE]);
	set_effective(now.group, program->sets_group ? program->owner.gid : now.group[EFFECTIVE]);
	give_ids(call, &now);
}

const struct ids *ids_of(const struct call *call)
{
	const struct id_sets *sets = &call->supervisor->ids;
	struct rlimit limit;
	bool known = prlimit(call->pid, RLIMIT_LOCKS, NULL, &limit) == 0 && limit.rlim_cur < sets->count;
	return after_exec(call, &sets->items[known ? limit.rlim_cur : 0]);
}

bool in_group(const struct ids *ids, uint32_t gid)
{
	for (uint32_t i = 0; i < ids->group_count; i++)
		if (ids->groups[i] == gid)
			return true;
	return ids->group[FILES] == gid;
}

bool may_give(const struct ids *ids, struct owner before, struct owner after)
{
	if (ids->user[FILES] == 0)
		return true;
	return before.uid == ids->user[FILES] && after.uid == before.uid &&
	       (after.gid == before.gid || in_group(ids, after.gid));
}
