/*
 * The spec of one sandbox, as it arrives on a descriptor: a sequence of fields, each a 32-bit little-endian length, that many bytes, and one
 * NUL byte. A field that names an operation is followed by as many fields as the table in spec.c says. Order matters for args, env, lowers
 * and mounts. There are no defaults: the caller says everything.
 */
#ifndef TSBUILD_SPEC_SPEC_H
#define TSBUILD_SPEC_SPEC_H

#include "base/util.h"

struct texts {
	size_t count;
	char **items;
};

enum mount_type { MOUNT_BIND, MOUNT_OVERLAY, MOUNT_TMPFS, MOUNT_FILE };

struct mount_spec {
	enum mount_type type;
	bool readonly;
	char *dest;
	char *source;        /* bind: host path; overlay: selector */
	struct texts lowers; /* overlay: bottom first */
	uint64_t size;       /* tmpfs: bytes, 0 for the kernel's default */
	const char *data;    /* file */
	size_t data_size;
	uint64_t uid, gid, mode;
};

struct rlimit_spec {
	int resource;
	uint64_t soft, hard;
};

struct spec {
	pid_t parent; /* who must still be alive */
	char *upper, *work;
	struct texts lowers; /* bottom first */
	struct mount_spec *mounts;
	size_t mount_count;
	struct texts args, env, masked, readonly_paths;
	char *cwd, *user, *hostname, *hosts, *resolv_conf;
	bool network, seccomp, sys_writable;
	uint64_t capabilities; /* bit mask */
	char *uids, *gids;     /* maps of a user namespace of the command's own (see modes/userns.h), NULL for none */
	uint64_t shm_size;
	uint64_t open_files; /* the soft limit is lowered to this */
	struct rlimit_spec rlimits[16];
	size_t rlimit_count;
	char *owners;    /* NULL: all owners are real, as all ids are mapped. Else this file is made for what cannot carry its owner (see ownership/owners.h) */
	bool supervised; /* some owners or ids of the step are known to be virtual (see supervisor/supervisor.h) */
	char *mapped_users, *mapped_groups; /* see ownership/mapped.h; with `owners` */
};

void append_text(struct texts *list, char *text);

/* Reads and checks the whole spec; ends the process with a status line when it is malformed. */
void read_spec(int fd, struct spec *spec);

#endif
