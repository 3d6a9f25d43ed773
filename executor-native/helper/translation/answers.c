#include "translation/answers.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/control.h"
#include "seccomp/changing.h"
#include "seccomp/chroot-filter.h"
#include "sockets/answers.h"
#include "supervised/answers.h"
#include "supervised/translated.h"
#include "supervisor/answers.h"

/* Linux 5.3, 5.1, 5.8, 6.6. */
#define NR_PIDFD_OPEN 434
#define NR_PIDFD_SEND_SIGNAL 424
#define NR_FACCESSAT2 439
#define NR_FCHMODAT2 452

/* Leaves a call to the kernel that counts as a change. */
static struct answer translate_later(const struct monitor *monitor, const struct call *call)
{
	(void)monitor, (void)call;
	return CONTINUE;
}

/* Calls that are always asked about, or unless the process is the caller itself. */
#define ASKED(number) {number, EVERY_TIME, 0, 0}
#define OF_OTHERS(number) {number, UNLESS_ZERO, 0, 0}

/* Keeps processes readable for the monitor: nobody else may read them anyway. */
static struct answer translate_nothing(const struct monitor *monitor, const struct call *call)
{
	(void)monitor, (void)call;
	return VALUE(0);
}

static struct answer translate_refusal(const struct monitor *monitor, const struct call *call)
{
	(void)monitor, (void)call;
	return VALUE(-EPERM);
}

/* The calls, each with when this process is asked, and one of two kinds of answers. */
static const struct row {
	struct asked asked;
	struct answer (*answer)(const struct monitor *monitor, const struct call *call);
	struct answer (*answer_ids)(const struct call *call);
} rows[] = {
	{ASKED(SYS_newfstatat), translate_newfstatat, NULL},
	{ASKED(SYS_openat), translate_openat, NULL},
	{ASKED(SYS_fstat), translate_fstat, NULL},
#ifdef SYS_open /* architectures whose table is older than the calls that end in "at" */
	{ASKED(SYS_open), translate_open, NULL},
	{ASKED(SYS_creat), translate_creat, NULL},
	{ASKED(SYS_stat), translate_stat, NULL},
	{ASKED(SYS_lstat), translate_lstat, NULL},
	{ASKED(SYS_access), translate_access, NULL},
	{ASKED(SYS_readlink), translate_readlink, NULL},
	{ASKED(SYS_chmod), translate_chmod, NULL},
	{ASKED(SYS_chown), translate_chown, NULL},
	{ASKED(SYS_lchown), translate_lchown, NULL},
	{ASKED(SYS_utime), translate_utime, NULL},
	{ASKED(SYS_utimes), translate_utimes, NULL},
	{ASKED(SYS_futimesat), translate_futimesat, NULL},
	{ASKED(SYS_mkdir), translate_mkdir, NULL},
	{ASKED(SYS_rmdir), translate_rmdir, NULL},
	{ASKED(SYS_unlink), translate_unlink, NULL},
	{ASKED(SYS_symlink), translate_symlink, NULL},
	{ASKED(SYS_mknod), translate_mknod, NULL},
	{ASKED(SYS_rename), translate_rename, NULL},
	{ASKED(SYS_link), translate_link, NULL},
#endif
#ifdef SYS_renameat
	{ASKED(SYS_renameat), translate_renameat, NULL},
#endif
	{ASKED(NR_OPENAT2), translate_openat2, NULL},
	{ASKED(SYS_statx), translate_statx, NULL},
	{ASKED(SYS_faccessat), translate_faccessat, NULL},
	{ASKED(NR_FACCESSAT2), translate_faccessat2, NULL},
	{ASKED(SYS_readlinkat), translate_readlinkat, NULL},
	{ASKED(SYS_statfs), translate_statfs, NULL},
	{ASKED(SYS_fchmod), translate_fchmod, NULL},
	{ASKED(SYS_fchmodat), translate_fchmodat, NULL},
	{ASKED(NR_FCHMODAT2), translate_fchmodat2, NULL},
	{ASKED(SYS_fchown), translate_fchown, NULL},
	{ASKED(SYS_fchownat), translate_fchownat, NULL},
	{ASKED(SYS_truncate), translate_truncate, NULL},
	{ASKED(SYS_utimensat), translate_utimensat, NULL},
	{ASKED(SYS_setxattr), translate_setxattr, NULL},
	{ASKED(SYS_lsetxattr), translate_lsetxattr, NULL},
	{ASKED(SYS_fsetxattr), translate_fsetxattr, NULL},
	{ASKED(SYS_getxattr), translate_getxattr, NULL},
	{ASKED(SYS_lgetxattr), translate_lgetxattr, NULL},
	{ASKED(SYS_fgetxattr), translate_fgetxattr, NULL},
	{ASKED(SYS_listxattr), translate_listxattr, NULL},
	{ASKED(SYS_llistxattr), translate_llistxattr, NULL},
	{ASKED(SYS_flistxattr), translate_flistxattr, NULL},
	{ASKED(SYS_removexattr), translate_removexattr, NULL},
	{ASKED(SYS_lremovexattr), translate_lremovexattr, NULL},
	{ASKED(SYS_fremovexattr), translate_fremovexattr, NULL},
	{ASKED(SYS_mkdirat), translate_mkdirat, NULL},
	{ASKED(SYS_unlinkat), translate_unlinkat, NULL},
	{ASKED(SYS_symlinkat), translate_symlinkat, NULL},
	{ASKED(SYS_mknodat), translate_mknodat, NULL},
	{ASKED(SYS_renameat2), translate_renameat2, NULL},
	{ASKED(SYS_linkat), translate_linkat, NULL},
	{ASKED(SYS_chdir), translate_chdir, NULL},
	{ASKED(SYS_getcwd), translate_getcwd, NULL},
	{ASKED(SYS_chroot), answer_chroot, NULL},
	{ASKED(SYS_execve), translate_execve, NULL},
	{ASKED(SYS_execveat), translate_execveat, NULL},
	{{SYS_socket, WHEN_VALUE, 0, AF_UNIX}, translate_socket, NULL},
	{ASKED(SYS_socketpair), translate_socketpair, NULL},
	{{SYS_setsockopt, WHEN_VALUE, 1, SOL_SOCKET}, translate_setsockopt, NULL},
	{{SYS_getsockopt, WHEN_VALUE, 2, SO_PEERCRED}, translate_getsockopt, NULL},
	{ASKED(SYS_getsockname), translate_getsockname, NULL},
	{ASKED(SYS_getpeername), translate_getpeername, NULL},
	{ASKED(SYS_bind), translate_bind, NULL},
	{ASKED(SYS_connect), translate_connect, NULL},
	{ASKED(SYS_uname), answer_uname, NULL},
	{ASKED(SYS_kill), answer_signal, NULL},
	{ASKED(SYS_tkill), answer_process, NULL},
	{ASKED(SYS_tgkill), answer_process, NULL},
	{ASKED(SYS_rt_sigqueueinfo), answer_process, NULL},
	{ASKED(SYS_rt_tgsigqueueinfo), answer_process, NULL},
	{ASKED(NR_PIDFD_OPEN), answer_process, NULL},
	{OF_OTHERS(SYS_prlimit64), answer_process, NULL},
	{OF_OTHERS(SYS_sched_setparam), answer_process, NULL},
	{OF_OTHERS(SYS_sched_setscheduler), answer_process, NULL},
	{OF_OTHERS(SYS_sched_setaffinity), answer_process, NULL},
	{OF_OTHERS(SYS_sched_setattr), answer_process, NULL},
	{OF_OTHERS(SYS_get_robust_list), answer_process, NULL},
	{ASKED(SYS_setpriority), answer_priority, NULL},
	{ASKED(SYS_ioprio_set), answer_ioprio, NULL},
	{{SYS_fcntl, WHEN_VALUE, 1, F_SETOWN}, answer_descriptor_owner, NULL},
	{{SYS_ioctl, WHEN_BITS, 1, TREE_COMMANDS}, translate_later, NULL},
	{ASKED(SYS_ptrace), translate_refusal, NULL},
	{ASKED(SYS_process_vm_readv), translate_refusal, NULL},
	{ASKED(SYS_process_vm_writev), translate_refusal, NULL},
	{{SYS_prctl, WHEN_VALUE, 0, PR_SET_DUMPABLE}, translate_nothing, NULL},
	{{SYS_prctl, WHEN_VALUE, 0, PR_SET_KEEPCAPS}, NULL, answer_keep_capabilities},
	{ASKED(SYS_getuid), NULL, answer_getuid},
	{ASKED(SYS_geteuid), NULL, answer_geteuid},
	{ASKED(SYS_getgid), NULL, answer_getgid},
	{ASKED(SYS_getegid), NULL, answer_getegid},
	{ASKED(SYS_getresuid), NULL, answer_getresuid},
	{ASKED(SYS_getresgid), NULL, answer_getresgid},
	{ASKED(SYS_getgroups), NULL, answer_getgroups},
	{ASKED(SYS_setuid), NULL, answer_setuid},
	{ASKED(SYS_setgid), NULL, answer_setgid},
	{ASKED(SYS_setreuid), NULL, answer_setreuid},
	{ASKED(SYS_setregid), NULL, answer_setregid},
	{ASKED(SYS_setresuid), NULL, answer_setresuid},
	{ASKED(SYS_setresgid), NULL, answer_setresgid},
	{ASKED(SYS_setfsuid), NULL, answer_setfsuid},
	{ASKED(SYS_setfsgid), NULL, answer_setfsgid},
	{ASKED(SYS_setgroups), NULL, answer_setgroups},
};

static struct answer answer_of(const struct monitor *monitor, const struct call *call, uint32_t number)
{
	for (size_t i = 0; i < LENGTH(rows); i++)
		if (rows[i].asked.number == number && (number != SYS_prctl || rows[i].asked.value == (uint32_t)call->args[0]))
			return rows[i].answer ? rows[i].answer(monitor, call) : rows[i].answer_ids(call);
	return VALUE(-EPERM);
}

void answer_next_translated(const struct monitor *monitor, int listener)
{
	union notification notification;
	if (!receive_call(listener, &notification))
		return;
	if (may_change(&notification.is.data))
		*monitor->may_have_changed = true;
	struct call call = call_of(&notification, listener);
	call.supervisor = &monitor->translated->supervisor;
	answer_call(&notification, listener, answer_of(monitor, &call, (uint32_t)notification.is.data.nr));
}

void install_translating_filter(const struct monitor *monitor, int control)
{
	struct asked asked[LENGTH(rows)];
	for (size_t i = 0; i < LENGTH(rows); i++)
		asked[i] = rows[i].asked;
	const struct chroot_filter wanted = {
		.asked = asked,
		.count = LENGTH(rows),
		.network = monitor->spec->network,
		.translates = true,
		.cookie = monitor->translated->cookie,
	};
	int listener = install_chroot_seccomp(&wanted);
	send_control(control, "", 1, listener);
	close(listener);
	close(control);
}
