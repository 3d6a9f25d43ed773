#include "supervisor/answers.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* Flags of open that make a file, one with a name or one without. */
#define MAKES_FILE (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))

#define EVERY(number, answer) {number, answer, EVERY_CALL, 0, 0}
#define NOTED(number, answer) {number, answer, WHEN_NOTED, 0, 0}
#define DEVICES(number, answer) {number, answer, WHEN_DEVICES, 0, 0}

/* Linux 6.6. */
#define NR_FCHMODAT2 452

const struct supervised supervised_calls[] = {
#ifdef SYS_stat /* architectures whose table is older than the calls that end in "at" */
	EVERY(SYS_stat, answer_stat),
	EVERY(SYS_lstat, answer_lstat),
	EVERY(SYS_chown, answer_chown),
	EVERY(SYS_lchown, answer_lchown),
	{SYS_open, answer_open, WHEN_SET, 1, MAKES_FILE},
	EVERY(SYS_creat, answer_creat),
	EVERY(SYS_mkdir, answer_mkdir),
	EVERY(SYS_symlink, answer_symlink),
	EVERY(SYS_mknod, answer_mknod),
	NOTED(SYS_rename, answer_rename),
	NOTED(SYS_link, answer_link),
	DEVICES(SYS_chmod, answer_chmod),
#endif
#ifdef SYS_renameat
	NOTED(SYS_renameat, answer_renameat),
#endif
	NOTED(SYS_renameat2, answer_renameat),
	NOTED(SYS_linkat, answer_linkat),
	DEVICES(SYS_fchmod, answer_fchmod),
	DEVICES(SYS_fchmodat, answer_fchmodat),
	DEVICES(NR_FCHMODAT2, answer_fchmodat2),
	EVERY(SYS_fstat, answer_fstat),
	EVERY(SYS_newfstatat, answer_newfstatat),
	EVERY(SYS_statx, answer_statx),
	EVERY(SYS_fchown, answer_fchown),
	EVERY(SYS_fchownat, answer_fchownat),
	{SYS_openat, answer_openat, WHEN_SET, 2, MAKES_FILE},
	EVERY(NR_OPENAT2, answer_openat2),
	EVERY(SYS_mkdirat, answer_mkdirat),
	EVERY(SYS_symlinkat, answer_symlinkat),
	EVERY(SYS_mknodat, answer_mknodat),
	EVERY(SYS_getuid, answer_getuid),
	EVERY(SYS_geteuid, answer_geteuid),
	EVERY(SYS_getgid, answer_getgid),
	EVERY(SYS_getegid, answer_getegid),
	EVERY(SYS_getresuid, answer_getresuid),
	EVERY(SYS_getresgid, answer_getresgid),
	EVERY(SYS_getgroups, answer_getgroups),
	EVERY(SYS_setuid, answer_setuid),
	EVERY(SYS_setgid, answer_setgid),
	EVERY(SYS_setreuid, answer_setreuid),
	EVERY(SYS_setregid, answer_setregid),
	EVERY(SYS_setresuid, answer_setresuid),
	EVERY(SYS_setresgid, answer_setresgid),
	EVERY(SYS_setfsuid, answer_setfsuid),
	EVERY(SYS_setfsgid, answer_setfsgid),
	EVERY(SYS_setgroups, answer_setgroups),
	{SYS_prctl, answer_keep_capabilities, WHEN_EQUAL, 0, PR_SET_KEEPCAPS},
};
const size_t supervised_count = LENGTH(supervised_calls);
