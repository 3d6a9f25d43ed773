/* The system calls that the supervisor answers, each by a function of its own. */
#ifndef TSBUILD_SUPERVISOR_ANSWERS_H
#define TSBUILD_SUPERVISOR_ANSWERS_H

#include "supervisor/call.h"

/* Which calls of a number are answered; the kernel does the others alone. */
enum supervised_when {
	EVERY_CALL,
	WHEN_SET,   /* calls with one of the bits in the low half of the argument; every, where devices are */
	WHEN_EQUAL, /* calls with this low half of the argument */
	WHEN_NOTED, /* every call, where layers have notes of owners */
	WHEN_DEVICES, /* every call, where devices are */
};

struct supervised {
	uint32_t number;
	struct answer (*answer)(const struct call *call);
	enum supervised_when when;
	unsigned argument;
	uint32_t value;
};

/* The calls of this architecture. */
extern const struct supervised supervised_calls[];
extern const size_t supervised_count;

/* Ids (ids.c). */
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

/* Owners of files (files.c). */
struct answer answer_stat(const struct call *call);
struct answer answer_lstat(const struct call *call);
struct answer answer_fstat(const struct call *call);
struct answer answer_newfstatat(const struct call *call);
struct answer answer_statx(const struct call *call);
struct answer answer_chown(const struct call *call);
struct answer answer_lchown(const struct call *call);
struct answer answer_fchown(const struct call *call);
struct answer answer_fchownat(const struct call *call);

/* Modes of devices (devices.c). */
struct answer answer_chmod(const struct call *call);
struct answer answer_fchmod(const struct call *call);
struct answer answer_fchmodat(const struct call *call);
struct answer answer_fchmodat2(const struct call *call);

/* New names of files (moves.c). */
struct answer answer_rename(const struct call *call);
struct answer answer_renameat(const struct call *call);
struct answer answer_link(const struct call *call);
struct answer answer_linkat(const struct call *call);

/* New files (creation.c). */
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
