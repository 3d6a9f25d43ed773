/*
 * The spec of one sandbox, as it arrives on a descriptor: a sequence of fields, each a 32-bit
 * little-endian length, that many bytes, and one NUL byte. A field with the key of an operation is
 * followed by as many fields as spec/operations.def lists. Order matters for args, env, lowers and
 * mounts. There are no defaults: the caller says everything.
 */
#ifndef TSBUILD_SPEC_SPEC_H
#define TSBUILD_SPEC_SPEC_H

#include "base/util.h"
#include "spec/mapped.h"

/* Descriptor of the network of the build's steps, where a step joins it. */
#define NETWORK_FD 5
/* Descriptor of the caller's orders to the checker of a step, and of its answers. */
#define CHECK_FD 7

/* The number of limits that Linux has. */
#define MAX_RLIMITS 16

enum mount_type { MOUNT_BIND, MOUNT_HOST, MOUNT_DEVICE, MOUNT_OVERLAY, MOUNT_TMPFS, MOUNT_FILE };

struct mount_spec {
	enum mount_type type;
	bool readonly;
	char *dest;
	char *source;        /* bind, device: host path; host, overlay: selector */
	char *directory;     /* host: the directory of the machine that the selector is in */
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
	uint64_t parent; /* pid of the process that must still be alive */
	char *upper, *work;
	struct texts lowers; /* bottom first */
	char *working;       /* NULL for a step whose root is an overlay */
	uint64_t working_has;
	bool keep_failed; /* changes of a command that fails are written too */
	bool translated; /* the root is one by translation of paths only (see supervised/) */
	uint64_t emulated; /* the processor of programs that `emulator` runs */
	char *emulator;    /* a path of the root; NULL for none */
	struct mount_spec *mounts;
	size_t mount_count;
	struct texts args, env, check, groups, masked, readonly_paths;
	char *cwd, *user, *hostname, *hosts, *resolv_conf;
	bool readonly_root;
	bool input;    /* the runner carries input to the command, and takes orders */
	bool terminal; /* the command has a terminal of its own */
	uint64_t rows, columns;
	bool network; /* the host's */
	bool joins_network; /* that of the build's steps (see NETWORK_FD) */
	bool seccomp, sys_writable, outer_proc;
	uint64_t capabilities; /* mask of the bounding set */
	char *uids, *gids;     /* maps of a user namespace of the command's own (see sandbox/user-namespace.h), or NULL */
	uint64_t shm_size;
	uint64_t open_files; /* the soft limit is lowered to this */
	struct texts processors; /* none for all */
	struct rlimit_spec rlimits[MAX_RLIMITS];
	size_t rlimit_count;

	/*
	 * The file for what cannot carry its owner (see ownership/owners.h). NULL where all ids are
	 * mapped, so that all owners are real.
	 */
	char *owners;
	bool has_devices; /* a supervisor has to know device nodes (see ownership/devices.h); no caller says it */
	bool supervised; /* some ids of the step are known to be virtual (see supervisor/supervisor.h) */
	bool has_mapped;
	struct mapped_ids mapped;
};

/* Reads and checks the whole spec; ends the process with a status line when it is malformed. */
void read_spec(int fd, struct spec *spec);

/* Returns the path of the step's root where that is a copy of the layers. */
char *working_root_path(const struct spec *spec);

/* Returns the value of a variable of the step, the last one of several; NULL for none. */
const char *find_variable(const struct spec *spec, const char *name);

#endif
