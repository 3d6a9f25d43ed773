#include "supervisor/ids.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/short-path.h"
#include "ownership/owners.h"
#include "supervisor/answers.h"
#include "supervisor/supervisor.h"

#define UNCHANGED UINT32_MAX
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

/*
 * Sorts groups as the kernel shows them; the same groups are then the same set of ids, however
 * given.
 */
static void sort_groups(uint32_t *groups, size_t count) { qsort(groups, count, sizeof *groups, compare_groups); }

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

/* Gives a set of ids to the caller. */
static const struct ids *give(const struct call *call, const struct ids *ids)
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
		now.user[EFFECTIVE] = now.user[SAVED] = now.user[FILES] = owner.uid;
	if (set_group)
		now.group[EFFECTIVE] = now.group[SAVED] = now.group[FILES] = owner.gid;
	return give(call, &now);
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

struct answer answer_getuid(const struct call *call) { return VALUE(ids_of(call)->user[REAL]); }
struct answer answer_geteuid(const struct call *call) { return VALUE(ids_of(call)->user[EFFECTIVE]); }
struct answer answer_getgid(const struct call *call) { return VALUE(ids_of(call)->group[REAL]); }
struct answer answer_getegid(const struct call *call) { return VALUE(ids_of(call)->group[EFFECTIVE]); }

static struct answer get_three(const struct call *call, const uint32_t *ids)
{
	for (int i = 0; i < 3; i++)
		if (!write_memory(call, call->args[i], &ids[i], sizeof ids[i]))
			return VALUE(-EFAULT);
	return VALUE(0);
}

struct answer answer_getresuid(const struct call *call) { return get_three(call, ids_of(call)->user); }
struct answer answer_getresgid(const struct call *call) { return get_three(call, ids_of(call)->group); }

struct answer answer_getgroups(const struct call *call)
{
	const struct ids *ids = ids_of(call);
	int room = (int)call->args[0];
	if (room < 0 || (room > 0 && (uint32_t)room < ids->group_count))
		return VALUE(-EINVAL);
	size_t size = ids->group_count * sizeof *ids->groups;
	if (room > 0 && size && !write_memory(call, call->args[1], ids->groups, size))
		return VALUE(-EFAULT);
	return VALUE(ids->group_count);
}

/* Returns true when the process may take any ids, of both kinds. */
static bool is_root(const struct ids *ids) { return ids->user[EFFECTIVE] == 0 || ids->keeps; }

static bool has(const uint32_t *ids, uint32_t id)
{
	return id == UNCHANGED || id == ids[REAL] || id == ids[EFFECTIVE] || id == ids[SAVED];
}

enum kind { USER, GROUP };

static uint32_t *members(struct ids *ids, enum kind kind) { return kind == USER ? ids->user : ids->group; }

static struct answer set_one(const struct call *call, enum kind kind)
{
	struct ids now = *ids_of(call);
	uint32_t *ids = members(&now, kind), id = (uint32_t)call->args[0];
	if (id == UNCHANGED)
		return VALUE(-EINVAL);
	if (is_root(&now))
		ids[REAL] = ids[SAVED] = id;
	else if (id != ids[REAL] && id != ids[SAVED])
		return VALUE(-EPERM);
	ids[EFFECTIVE] = ids[FILES] = id;
	give(call, &now);
	return VALUE(0);
}

static struct answer set_two(const struct call *call, enum kind kind)
{
	struct ids now = *ids_of(call);
	uint32_t *ids = members(&now, kind), before = ids[REAL];
	uint32_t real = (uint32_t)call->args[0], effective = (uint32_t)call->args[1];
	if (!is_root(&now) && ((real != UNCHANGED && real != ids[REAL] && real != ids[EFFECTIVE]) || !has(ids, effective)))
		return VALUE(-EPERM);
	if (real != UNCHANGED)
		ids[REAL] = real;
	if (effective != UNCHANGED)
		ids[EFFECTIVE] = effective;
	if (real != UNCHANGED || (effective != UNCHANGED && effective != before))
		ids[SAVED] = ids[EFFECTIVE];
	ids[FILES] = ids[EFFECTIVE];
	give(call, &now);
	return VALUE(0);
}

static struct answer set_three(const struct call *call, enum kind kind)
{
	struct ids now = *ids_of(call);
	uint32_t *ids = members(&now, kind);
	if (!is_root(&now))
		for (int i = 0; i < 3; i++)
			if (!has(ids, (uint32_t)call->args[i]))
				return VALUE(-EPERM);
	for (int i = 0; i < 3; i++)
		if ((uint32_t)call->args[i] != UNCHANGED)
			ids[i] = (uint32_t)call->args[i];
	ids[FILES] = ids[EFFECTIVE];
	give(call, &now);
	return VALUE(0);
}

/* Answers the id as it was before, whether it changed or not. */
static struct answer set_for_files(const struct call *call, enum kind kind)
{
	struct ids now = *ids_of(call);
	uint32_t *ids = members(&now, kind), id = (uint32_t)call->args[0], before = ids[FILES];
	if (id != UNCHANGED && (is_root(&now) || has(ids, id))) {
		ids[FILES] = id;
		give(call, &now);
	}
	return VALUE(before);
}

struct answer answer_setuid(const struct call *call) { return set_one(call, USER); }
struct answer answer_setgid(const struct call *call) { return set_one(call, GROUP); }
struct answer answer_setreuid(const struct call *call) { return set_two(call, USER); }
struct answer answer_setregid(const struct call *call) { return set_two(call, GROUP); }
struct answer answer_setresuid(const struct call *call) { return set_three(call, USER); }
struct answer answer_setresgid(const struct call *call) { return set_three(call, GROUP); }
struct answer answer_setfsuid(const struct call *call) { return set_for_files(call, USER); }
struct answer answer_setfsgid(const struct call *call) { return set_for_files(call, GROUP); }

/*
 * Records the request. The kernel drops no capabilities anyway, because its own ids do not change.
 */
struct answer answer_keep_capabilities(const struct call *call)
{
	struct short_path path;
	struct stat program;
	struct ids now = *ids_of(call);
	if (find_program(call, &path, &program) && is_root(&now)) {
		now.keeps = call->args[1] == 1;
		now.program[DEVICE] = program.st_dev;
		now.program[INODE] = program.st_ino;
		give(call, &now);
	}
	return CONTINUE;
}

struct answer answer_setgroups(const struct call *call)
{
	struct ids now = *ids_of(call);
	uint64_t count = call->args[0];
	if (!is_root(&now))
		return VALUE(-EPERM);
	if (count > MAX_GROUPS)
		return VALUE(-EINVAL);
	cleanup_free uint32_t *groups = allocate(count * sizeof *groups);
	if (count && !read_memory(call, call->args[1], groups, count * sizeof *groups))
		return VALUE(-EFAULT);
	sort_groups(groups, count);
	now.groups = groups;
	now.group_count = (uint32_t)count;
	give(call, &now);
	return VALUE(0);
}
