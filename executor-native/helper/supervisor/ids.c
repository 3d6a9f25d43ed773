/* Ids that processes believe to have: the kernel's rules (credentials(7)) over numbers that exist only here. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "ownership/owners.h"
#include "supervisor/call.h"

#define UNCHANGED UINT32_MAX
#define MAX_GROUPS 65536

/*
 * Every set of ids that a process had, the step's own first. Which one a process has is in its soft limit RLIMIT_LOCKS: children inherit it, exec
 * keeps it, it goes with the process, and nothing else has used it since Linux 2.4.25. The filter keeps the process from changing it.
 */
static struct ids *sets;
static size_t set_count, set_room;

static bool same_ids(const struct ids *a, const struct ids *b)
{
	return memcmp(a->user, b->user, sizeof a->user) == 0 && memcmp(a->group, b->group, sizeof a->group) == 0 &&
	       memcmp(a->program, b->program, sizeof a->program) == 0 && a->keeps == b->keeps && a->group_count == b->group_count &&
	       (a->group_count == 0 || memcmp(a->groups, b->groups, a->group_count * sizeof *a->groups) == 0);
}

static int compare_groups(const void *a, const void *b)
{
	uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;
	return (first > second) - (first < second);
}

/* As the kernel shows them; and the same groups are the same set of ids, however often they are given. */
static void sort_groups(uint32_t *groups, size_t count) { qsort(groups, count, sizeof *groups, compare_groups); }

static size_t number_of(const struct ids *ids)
{
	for (size_t i = 0; i < set_count; i++)
		if (same_ids(&sets[i], ids))
			return i;
	if (set_count == set_room) {
		set_room = set_room ? 2 * set_room : 16;
		sets = realloc(sets, set_room * sizeof *sets);
		if (!sets)
			fail_errno("exec/sandbox-setup", "Cannot allocate memory");
	}
	sets[set_count] = *ids;
	uint32_t *groups = allocate((ids->group_count + 1) * sizeof *groups);
	if (ids->group_count)
		memcpy(groups, ids->groups, ids->group_count * sizeof *groups);
	sets[set_count].groups = groups;
	return set_count++;
}

void set_first_ids(uint32_t uid, uint32_t gid, uint32_t *groups, uint32_t count)
{
	sort_groups(groups, count);
	struct ids ids = {.user = {uid, uid, uid, uid}, .group = {gid, gid, gid, gid}, .group_count = count, .groups = groups};
	number_of(&ids);
}

static const struct ids *give(const struct call *call, const struct ids *ids)
{
	struct rlimit limit;
	size_t number = number_of(ids);
	if (prlimit(call->pid, RLIMIT_LOCKS, NULL, &limit) == 0) {
		limit.rlim_cur = number;
		prlimit(call->pid, RLIMIT_LOCKS, &limit, NULL);
	}
	return &sets[number];
}

/* Whether the process is still what the ids were given to; then what exec would have done, for a program with set-id bits above all. */
static const struct ids *after_exec(const struct call *call, const struct ids *ids)
{
	char path[64];
	struct stat program;
	snprintf(path, sizeof path, "%d/exe", call->pid);
	if (stat(path, &program) < 0)
		return ids;
	struct owner owner = {program.st_uid, program.st_gid};
	if (ids->keeps && program.st_dev == ids->program[0] && program.st_ino == ids->program[1])
		return ids;
	bool set_user = program.st_mode & S_ISUID, set_group = (program.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
	struct ids now = *ids;
	now.keeps = 0;
	now.program[0] = set_user || set_group ? program.st_dev : 0;
	now.program[1] = set_user || set_group ? program.st_ino : 0;
	if (same_ids(&now, ids))
		return ids;
	if (set_user || set_group)
		find_owner(path, 0, &owner);
	if (set_user)
		now.user[EFFECTIVE] = now.user[SAVED] = now.user[FILES] = owner.uid;
	if (set_group)
		now.group[EFFECTIVE] = now.group[SAVED] = now.group[FILES] = owner.gid;
	return give(call, &now);
}

const struct ids *ids_of(const struct call *call)
{
	struct rlimit limit;
	bool known = prlimit(call->pid, RLIMIT_LOCKS, NULL, &limit) == 0 && limit.rlim_cur < set_count;
	return after_exec(call, &sets[known ? limit.rlim_cur : 0]);
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
	if (room > 0 && ids->group_count && !write_memory(call, call->args[1], ids->groups, ids->group_count * sizeof *ids->groups))
		return VALUE(-EFAULT);
	return VALUE(ids->group_count);
}

/* Both kinds of ids follow the same rules, and root (effective user 0) may take any. */
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
	uint32_t *ids = members(&now, kind), real = (uint32_t)call->args[0], effective = (uint32_t)call->args[1], before = ids[REAL];
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

/* Answers what it was before, whether it changed or not. */
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

/* The kernel does it too: its own capabilities are not taken away anyway, as its ids stay what they are. */
struct answer answer_keep_capabilities(const struct call *call)
{
	char path[64];
	struct stat program;
	struct ids now = *ids_of(call);
	snprintf(path, sizeof path, "%d/exe", call->pid);
	if (stat(path, &program) == 0 && is_root(&now)) {
		now.keeps = call->args[1] == 1;
		now.program[0] = program.st_dev;
		now.program[1] = program.st_ino;
		give(call, &now);
	}
	return CONTINUE;
}

struct answer answer_setgroups(const struct call *call)
{
	static uint32_t groups[MAX_GROUPS];
	struct ids now = *ids_of(call);
	uint64_t count = call->args[0];
	if (!is_root(&now))
		return VALUE(-EPERM);
	if (count > MAX_GROUPS)
		return VALUE(-EINVAL);
	if (count && !read_memory(call, call->args[1], groups, count * sizeof *groups))
		return VALUE(-EFAULT);
	sort_groups(groups, count);
	now.groups = groups;
	now.group_count = (uint32_t)count;
	give(call, &now);
	return VALUE(0);
}
