/*
 * Ids that the supervisor shows to processes: the kernel's rules (credentials(7)) over numbers that
 * exist only here.
 *
 * The supervisor keeps every set of ids that a process had, the step's own first. The number of a
 * process's set is in its soft limit RLIMIT_LOCKS: children inherit it, exec keeps it, it ends with
 * the process, and nothing else has used it since Linux 2.4.25. The filter keeps processes from
 * changing it.
 */
#ifndef TSBUILD_SUPERVISOR_IDS_H
#define TSBUILD_SUPERVISOR_IDS_H

#include "ownership/owner-table.h"
#include "supervisor/call.h"

/* The number of groups that the kernel takes. */
#define MAX_GROUPS 65536

enum { REAL, EFFECTIVE, SAVED, FILES, ID_KINDS };
enum { DEVICE, INODE };

struct ids {
	uint32_t user[ID_KINDS], group[ID_KINDS];
	uint32_t group_count;
	const uint32_t *groups;
	uint32_t keeps; /* 1: the process still is root where other ids are concerned (PR_SET_KEEPCAPS) */

	/* The program that `keeps` holds for, or whose set-id bits gave the ids; 0 for any. */
	uint64_t program[2];
};

struct id_sets {
	struct ids *items;
	size_t count, room;
};

/* Adds the ids that the step begins with. Sorts the groups. */
void set_first_ids(struct id_sets *sets, uint32_t uid, uint32_t gid, uint32_t *groups, uint32_t count);

/* Returns the ids of the caller; they hold until the next call that gives ids. */
const struct ids *ids_of(const struct call *call);
bool in_group(const struct ids *ids, uint32_t gid);

/* Gives a set of ids to the caller. Copies the groups, which are sorted. */
const struct ids *give_ids(const struct call *call, const struct ids *ids);

/* Notes whether `ids` keep their rights, as long as the caller runs its present program. */
bool keep_ids(const struct call *call, struct ids *ids, bool keeps);

/*
 * Sorts groups as the kernel shows them; the same groups are then the same set of ids, however
 * given.
 */
void sort_groups(uint32_t *groups, size_t count);

/* Returns true when the caller may give a file away: root any, others within their own groups. */
bool may_give(const struct ids *ids, struct owner before, struct owner after);

/* Ids that exec gives, of a program with set-id bits or without. */
struct set_ids {
	bool sets_user, sets_group;
	struct owner owner;
};
void begin_program(const struct call *call, const struct set_ids *program);

#endif
