#include "supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/control.h"
#include "ownership/owners.h"
#include "seccomp/notify.h"
#include "supervisor/call.h"

/* One with a name, or one without. */
#define MAKES_FILE (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))

const struct supervised supervised_calls[] = {
#ifdef SYS_stat /* architectures whose table is older than the calls that end in "at" */
	{SYS_stat, answer_stat, EVERY_CALL, 0, 0},
	{SYS_lstat, answer_lstat, EVERY_CALL, 0, 0},
	{SYS_chown, answer_chown, EVERY_CALL, 0, 0},
	{SYS_lchown, answer_lchown, EVERY_CALL, 0, 0},
	{SYS_open, answer_open, WHEN_SET, 1, MAKES_FILE},
	{SYS_creat, answer_creat, EVERY_CALL, 0, 0},
	{SYS_mkdir, answer_mkdir, EVERY_CALL, 0, 0},
	{SYS_symlink, answer_symlink, EVERY_CALL, 0, 0},
	{SYS_mknod, answer_mknod, EVERY_CALL, 0, 0},
	{SYS_rename, answer_rename, WHEN_NOTED, 0, 0},
	{SYS_link, answer_link, WHEN_NOTED, 0, 0},
#endif
#ifdef SYS_renameat
	{SYS_renameat, answer_renameat, WHEN_NOTED, 0, 0},
#endif
	{SYS_renameat2, answer_renameat, WHEN_NOTED, 0, 0},
	{SYS_linkat, answer_linkat, WHEN_NOTED, 0, 0},
	{SYS_fstat, answer_fstat, EVERY_CALL, 0, 0},
	{SYS_newfstatat, answer_newfstatat, EVERY_CALL, 0, 0},
	{SYS_statx, answer_statx, EVERY_CALL, 0, 0},
	{SYS_fchown, answer_fchown, EVERY_CALL, 0, 0},
	{SYS_fchownat, answer_fchownat, EVERY_CALL, 0, 0},
	{SYS_openat, answer_openat, WHEN_SET, 2, MAKES_FILE},
	{NR_OPENAT2, answer_openat2, EVERY_CALL, 0, 0},
	{SYS_mkdirat, answer_mkdirat, EVERY_CALL, 0, 0},
	{SYS_symlinkat, answer_symlinkat, EVERY_CALL, 0, 0},
	{SYS_mknodat, answer_mknodat, EVERY_CALL, 0, 0},
	{SYS_getuid, answer_getuid, EVERY_CALL, 0, 0},
	{SYS_geteuid, answer_geteuid, EVERY_CALL, 0, 0},
	{SYS_getgid, answer_getgid, EVERY_CALL, 0, 0},
	{SYS_getegid, answer_getegid, EVERY_CALL, 0, 0},
	{SYS_getresuid, answer_getresuid, EVERY_CALL, 0, 0},
	{SYS_getresgid, answer_getresgid, EVERY_CALL, 0, 0},
	{SYS_getgroups, answer_getgroups, EVERY_CALL, 0, 0},
	{SYS_setuid, answer_setuid, EVERY_CALL, 0, 0},
	{SYS_setgid, answer_setgid, EVERY_CALL, 0, 0},
	{SYS_setreuid, answer_setreuid, EVERY_CALL, 0, 0},
	{SYS_setregid, answer_setregid, EVERY_CALL, 0, 0},
	{SYS_setresuid, answer_setresuid, EVERY_CALL, 0, 0},
	{SYS_setresgid, answer_setresgid, EVERY_CALL, 0, 0},
	{SYS_setfsuid, answer_setfsuid, EVERY_CALL, 0, 0},
	{SYS_setfsgid, answer_setfsgid, EVERY_CALL, 0, 0},
	{SYS_setgroups, answer_setgroups, EVERY_CALL, 0, 0},
	{SYS_prctl, answer_keep_capabilities, WHEN_EQUAL, 0, PR_SET_KEEPCAPS},
};
const size_t supervised_count = LENGTH(supervised_calls);

static struct answer answer_of(const struct call *call, uint32_t number)
{
	for (size_t i = 0; i < supervised_count; i++)
		if (supervised_calls[i].number == number)
			return supervised_calls[i].answer(call);
	return CONTINUE;
}

static void answer_next(int listener)
{
	static union notification notification;
	if (!receive_call(listener, &notification))
		return;
	struct call call = call_of(&notification, listener);
	answer_call(&notification, listener, answer_of(&call, (uint32_t)notification.is.data.nr));
}

/* -1 when the command ended before it had a filter; it has said why. */
static int receive_listener(int control)
{
	struct user user;
	int listener;
	if (receive_control(control, &user, offsetof(struct user, home), &listener) != offsetof(struct user, home))
		return -1;
	set_first_ids(user.uid, user.gid, user.groups, (uint32_t)user.group_count);
	return listener;
}

/* Paths of the sandbox are looked up as it sees them; its processes are found in the /proc that shows this one, which stays the working directory. */
static void enter_mounts(int mounts)
{
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0 || mounts < 0 || setns(mounts, CLONE_NEWNS) < 0 || fchdir(proc) < 0)
		fail_errno("exec/supervisor", "Cannot enter the mounts of the sandbox");
	close(mounts);
	close(proc);
}

static _Noreturn void supervise(const struct spec *spec, pid_t init, int control)
{
	char mounts_path[64], *folder = format_text("%s", spec->owners), *name = format_text("%s", spec->owners);
	int directory = open(dirname(folder), O_PATH | O_DIRECTORY | O_CLOEXEC), upper = open(spec->upper, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0 || upper < 0)
		fail_errno("exec/owners", "Cannot open the directories of %s", spec->owners);
	use_upper(upper);
	/* Before the command begins: it may have ended when its filter's descriptor is read, and a process that ended has no mounts. */
	snprintf(mounts_path, sizeof mounts_path, "/proc/%d/ns/mnt", init);
	int mounts = open(mounts_path, O_RDONLY | O_CLOEXEC);
	int listener = receive_listener(control);
	if (listener < 0)
		_exit(0);
	close(control);
	enter_mounts(mounts);
	note_mounts();
	struct stat root;
	if (stat("/", &root) < 0)
		fail_errno("exec/supervisor", "Cannot see the root of the sandbox");
	read_owners(root.st_dev);
	umask(0);
	ioctl(listener, NOTIFY_SET_FLAGS, NOTIFY_SYNC_WAKE_UP);
	struct pollfd polled = {.fd = listener, .events = POLLIN};
	for (;;) {
		if (poll(&polled, 1, -1) < 0 && errno != EINTR)
			fail_errno("exec/supervisor", "Cannot wait for the system calls of the sandbox");
		if (polled.revents & POLLIN)
			answer_next(listener);
		else if (polled.revents)
			break; /* nobody has the filter any more */
	}
	write_owners(directory, basename(name), root.st_dev);
	_exit(0);
}

pid_t start_supervisor(const struct spec *spec, pid_t init, int control)
{
	pid_t run = getpid(), supervisor = fork();
	if (supervisor < 0)
		fail_errno("exec/supervisor", "Cannot start the process that keeps the owners of files");
	if (supervisor > 0)
		return supervisor;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != run)
		_exit(EXIT_FAILED);
	signal(SIGTERM, SIG_IGN); /* it ends with the sandbox */
	supervise(spec, init, control);
}

void begin_ids(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_LOCKS, &limit) < 0)
		fail_errno("exec/sandbox-setup", "Cannot read a limit");
	limit.rlim_cur = 0;
	if (setrlimit(RLIMIT_LOCKS, &limit) < 0)
		fail_errno("exec/sandbox-setup", "Cannot set a limit");
}

void hand_to_supervisor(int control, int listener, const struct user *user)
{
	send_control(control, user, offsetof(struct user, home), listener);
	close(listener);
	close(control);
}
