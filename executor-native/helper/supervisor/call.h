/* System calls of a sandbox that the supervisor answers (see supervisor/supervisor.h), and how it reaches the memory and the files of who made them. */
#ifndef TSBUILD_SUPERVISOR_CALL_H
#define TSBUILD_SUPERVISOR_CALL_H

#include <sys/types.h>

#include "seccomp/notify.h"
#include "base/util.h"

/* One system call that waits for its answer. */
struct call {
	int listener;
	uint64_t id;
	pid_t pid;            /* the thread's, in the supervisor's pid namespace */
	uint64_t args[6];
};

struct answer {
	enum { ANSWER_CONTINUE, ANSWER_VALUE, ANSWER_SENT } kind; /* the kernel goes on with the call; returns value; has it already */
	int64_t value; /* or a negative errno */
};

#define CONTINUE ((struct answer){ANSWER_CONTINUE, 0})
#define VALUE(number) ((struct answer){ANSWER_VALUE, (number)})

/* False when there is none after all: who asked is gone. */
bool receive_call(int listener, union notification *notification);
struct call call_of(const union notification *notification, int listener);
void answer_call(const union notification *notification, int listener, struct answer answer);

/* What is answered on this architecture; the kernel does the others of the call's kind alone. */
struct supervised {
	uint32_t number;
	struct answer (*answer)(const struct call *call);
	enum { EVERY_CALL, WHEN_SET, WHEN_EQUAL, WHEN_NOTED } when; /* bits of an argument's low half, or all of it; layers have notes of owners */
	unsigned argument;
	uint32_t value;
};
extern const struct supervised supervised_calls[];
extern const size_t supervised_count;

bool read_memory(const struct call *call, uint64_t address, void *data, size_t size);
bool write_memory(const struct call *call, uint64_t address, const void *data, size_t size);

/* A text with its NUL; false when it is longer than `room`. */
bool read_text(const struct call *call, uint64_t address, char *text, size_t room);

/* What was opened in /proc before this is the caller's: its number is not another process's yet. */
bool still_waits(const struct call *call);

#define PATH_ROOM 4096

/* A file, as a path from the supervisor's working directory, which is /proc of its pid namespace. */
struct located {
	char path[PATH_ROOM + 64];
	int flags;    /* AT_SYMLINK_NOFOLLOW or 0: how `path` is to be taken */
	bool slashes; /* the name of a file that is to be made ended with some */
};

/*
 * The file that `path` (an address in the caller's memory) means to the caller: only to look whether something is written down for it, as it may lie outside
 * the sandbox. False when the kernel had better answer.
 */
bool locate(const struct call *call, int directory, uint64_t path, int flags, struct located *located);

/*
 * The same, by a descriptor that is good until the next call is answered. False also for a file that is not on a mount of the sandbox: the kernel, which
 * knows what the caller may do, answers.
 */
bool hold(const struct call *call, int directory, uint64_t path, int flags, struct located *located);

/* The same for a file that is to be made: its directory is held. */
bool hold_parent(const struct call *call, int directory, uint64_t path, struct located *located);

/* Notes which mounts are the sandbox's; this process has entered them. */
void note_mounts(void);

/* Ids that a process believes to have. */
struct ids {
	uint32_t user[4], group[4]; /* real, effective, saved, file system */
	uint32_t group_count;
	const uint32_t *groups;
	uint32_t keeps;      /* 1: as root still where other ids are concerned (PR_SET_KEEPCAPS) */
	uint64_t program[2]; /* device and inode of the program that this holds for, or whose set-id bits gave the ids; 0 for any */
};
enum { REAL, EFFECTIVE, SAVED, FILES };

/* Sorts the groups. */
void set_first_ids(uint32_t uid, uint32_t gid, uint32_t *groups, uint32_t count);
const struct ids *ids_of(const struct call *call);
bool in_group(const struct ids *ids, uint32_t gid);

struct answer answer_getuid(const struct call *call);
struct answer answer_geteuid(const struct call *call);
struct answer answer_getgid(const struct call *call);
struct answer answer_getegid(const struct call *call);
struct answer answer_getresuid(const struct call *call);
struct answer answer_getresgid(const struct call *call);
struct answer answer_getgroups(const struct call *call);
struct answer answer_setuid(const struct call *call);
struct answer answer_setgid(const struct call *call);
struct answer answer_setreuid(const struct call *call);
struct answer answer_setregid(const struct call *call);
struct answer answer_setresuid(const struct call *call);
struct answer answer_setresgid(const struct call *call);
struct answer answer_setfsuid(const struct call *call);
struct answer answer_setfsgid(const struct call *call);
struct answer answer_setgroups(const struct call *call);
struct answer answer_keep_capabilities(const struct call *call);

struct answer answer_stat(const struct call *call);
struct answer answer_lstat(const struct call *call);
struct answer answer_fstat(const struct call *call);
struct answer answer_newfstatat(const struct call *call);
struct answer answer_statx(const struct call *call);
struct answer answer_chown(const struct call *call);
struct answer answer_lchown(const struct call *call);
struct answer answer_fchown(const struct call *call);
struct answer answer_fchownat(const struct call *call);

struct answer answer_rename(const struct call *call);
struct answer answer_renameat(const struct call *call);
struct answer answer_link(const struct call *call);
struct answer answer_linkat(const struct call *call);

struct answer answer_open(const struct call *call);
struct answer answer_openat(const struct call *call);
struct answer answer_openat2(const struct call *call);
struct answer answer_creat(const struct call *call);
struct answer answer_mkdir(const struct call *call);
struct answer answer_mkdirat(const struct call *call);
struct answer answer_symlink(const struct call *call);
struct answer answer_symlinkat(const struct call *call);
struct answer answer_mknod(const struct call *call);
struct answer answer_mknodat(const struct call *call);

#endif
