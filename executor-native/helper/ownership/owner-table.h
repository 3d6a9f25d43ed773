/* Owners of files that cannot carry them, by the identity of the file. */
#ifndef TSBUILD_OWNERSHIP_OWNER_TABLE_H
#define TSBUILD_OWNERSHIP_OWNER_TABLE_H

#include "base/util.h"

struct owner {
	uint32_t uid, gid;
};

/*
 * A file, distinguished from one that gets its inode later by its time of birth (0 where that is
 * not known).
 */
struct identity {
	dev_t device;
	uint64_t inode;
	int64_t birth;
};

/* The device of files of lower layers, which several mounts may show. */
#define ANY_DEVICE 0

struct owner_entry {
	struct identity file;
	uint64_t stored; /* inode in the directory that changes go to */
	struct owner owner;
	bool kept;   /* the owner is known */
	bool fresh;  /* the owner was given since this sandbox began */
	size_t next; /* position + 1 of the next entry with this hash, or 0 */
};

/* An empty table is all zeros. */
struct owner_table {
	struct owner_entry *entries;
	size_t count, room;
	size_t *heads; /* position + 1 of the first entry of each hash, or 0 */
};

/* Returns the entry of a file, NULL when there is none. */
struct owner_entry *find_entry(const struct owner_table *table, const struct identity *file);

/* Returns the entry of a file, which is made when there is none. The next addition may move it. */
struct owner_entry *add_entry(struct owner_table *table, const struct identity *file);

#endif
