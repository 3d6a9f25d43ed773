#include "virtual.h"

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

#include "owners.h"
#include "seccomp-notify.h"
#include "supervised.h"

const struct supervised supervised_calls[] = {
#ifdef SYS_stat /* architectures whose table is older than the calls that end in "at" */
	{SYS_stat, answer_stat, EVERY_CALL, 0, 0},
	{SYS_lstat, answer_lstat, EVERY_CALL, 0, 0},
	{SYS_chown, answer_chown, EVERY_CALL, 0, 0},
	{SYS_lchown, answer_lchown, EVERY_CALL, 0, 0},
	{SYS_open, answer_open, WHEN_SET, 1, O_CREAT},
	{SYS_creat, answer_creat, EVERY_CALL, 0, 0},
	{SYS_mkdir, answer_mkdir, EVERY_CALL, 0, 0},
	{SYS_symlink, answer_symlink, EVERY_CALL, 0, 0},
	{SYS_mknod, answer_mknod, EVERY_CALL, 0, 0},
#endif
	{SYS_fstat, answer_fstat, EVERY_CALL, 0, 0},
	{SYS_newfstatat, answer_newfstatat, EVERY_CALL, 0, 0},
	{SYS_statx, answer_statx, EVERY_CALL, 0, 0},
	{SYS_fchown, answer_fchown, EVERY_CALL, 0, 0},
	{SYS_fchownat, answer_fchownat, EVERY_CALL, 0, 0},
	{SYS_openat, answer_openat, WHEN_SET, 2, O_CREAT},
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

/* The kernel copies as many bytes as it knows of; it may know more than this program. */
union notification {
	struct seccomp_notif is;
	char room[1024];
};
union reply {
	struct seccomp_notif_resp is;
	char room[1024];
};

static struct answer answer_call(const struct seccomp_notif *notification, int listener)
{
	uint64_t args[6];
	for (int i = 0; i < 6; i++)
		args[i] = notification->data.args[i];
	struct call call = {.listener = listener, .id = notification->id, .pid = (pid_t)notification->pid, .args = args};
	for (size_t i = 0; i < supervised_count; i++)
		if (supervised_calls[i].number == (uint32_t)notification->data.nr)
			return supervised_calls[i].answer(&call);
	return CONTINUE;
}

static void answer_next(int listener)
{
	static union notification notification;
	static union reply reply;
	memset(&notification, 0, sizeof notification);
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notification) < 0) {
		if (errno == ENOENT || errno == EINTR || errno == EAGAIN)
			return; /* who asked is gone */
		fail_errno("exec/supervisor", "Cannot receive the system calls of the sandbox");
	}
	struct answer answer = answer_call(&notification.is, listener);
	if (answer.kind == ANSWER_SENT)
		return;
	memset(&reply, 0, sizeof reply);
	reply.is.id = notification.is.id;
	if (answer.kind == ANSWER_CONTINUE)
		reply.is.flags = NOTIFY_CONTINUE;
	else if (answer.value < 0)
		reply.is.error = (int32_t)answer.value;
	else
		reply.is.val = answer.value;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply); /* fails when who asked is gone */
}

/* -1 when the command ended before it had a filter; it has said why. */
static int receive_listener(int control)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} ancillary;
	struct user user;
	struct iovec data = {&user, offsetof(struct user, home)};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &ancillary, .msg_controllen = sizeof ancillary};
	ssize_t size;
	int listener;
	while ((size = recvmsg(control, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (size != (ssize_t)data.iov_len || !header || header->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&listener, CMSG_DATA(header), sizeof listener);
	set_first_ids(user.uid, user.gid, user.groups, (uint32_t)user.group_count);
	return listener;
}

/* Paths of the sandbox are looked up as it sees them; its processes are found in the /proc that shows this one, which stays the working directory. */
static void enter_mounts(pid_t init)
{
	char path[64];
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof path, "/proc/%d/ns/mnt", init);
	int mounts = open(path, O_RDONLY | O_CLOEXEC);
	if (proc < 0 || mounts < 0 || setns(mounts, CLONE_NEWNS) < 0 || fchdir(proc) < 0)
		fail_errno("exec/supervisor", "Cannot enter the mounts of the sandbox");
	close(mounts);
	close(proc);
}

static _Noreturn void supervise(const struct spec *spec, pid_t init, int control)
{
	char *folder = format_text("%s", spec->owners), *name = format_text("%s", spec->owners);
	int directory = open(dirname(folder), O_PATH | O_DIRECTORY | O_CLOEXEC), upper = open(spec->upper, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0 || upper < 0)
		fail_errno("exec/owners", "Cannot open the directories of %s", spec->owners);
	use_upper(upper);
	int listener = receive_listener(control);
	if (listener < 0)
		_exit(0);
	close(control);
	enter_mounts(init);
	note_mounts();
	struct stat root;
	if (stat("/", &root) < 0)
		fail_errno("exec/supervisor", "Cannot see the root of the sandbox");
	read_owners(spec->known_owners, root.st_dev);
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
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} ancillary;
	struct iovec data = {(void *)user, offsetof(struct user, home)};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &ancillary, .msg_controllen = sizeof ancillary};
	memset(&ancillary, 0, sizeof ancillary);
	ancillary.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(&ancillary.header), &listener, sizeof listener);
	if (sendmsg(control, &message, 0) < 0)
		fail_errno("exec/supervisor", "Cannot reach the process that keeps the owners of files");
	close(listener);
	close(control);
}
