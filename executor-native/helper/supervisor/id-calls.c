/* Answers to the calls that return and change the ids of a process, as credentials(7) has them. */
#include <errno.h>

#include "supervisor/answers.h"
#include "supervisor/ids.h"

#define UNCHANGED UINT32_MAX

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
	give_ids(call, &now);
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
	give_ids(call, &now);
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
	give_ids(call, &now);
	return VALUE(0);
}

/* Answers the id as it was before, whether it changed or not. */
static struct answer set_for_files(const struct call *call, enum kind kind)
{
	struct ids now = *ids_of(call);
	uint32_t *ids = members(&now, kind), id = (uint32_t)call->args[0], before = ids[FILES];
	if (id != UNCHANGED && (is_root(&now) || has(ids, id))) {
		ids[FILES] = id;
		give_ids(call, &now);
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
	struct ids now = *ids_of(call);
	if (is_root(&now) && keep_ids(call, &now, call->args[1] == 1))
		give_ids(call, &now);
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
	give_ids(call, &now);
	return VALUE(0);
}
