#include "mounts/outer-proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "mounts/mount-api.h"

bool can_mount_proc(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(new_filesystem("proc", NO_OPTIONS, 0) < 0 ? errno : 0);
	int status = -1;
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return false;
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
	return errno == 0;
}

int copy_outer_proc(void)
{
	int mount = copy_mount(AT_FDCWD, "/proc");
	/* Devices stay: /dev/null covers files there. */
	if (mount < 0 || !set_attributes(mount, ATTRIBUTE_NOSUID | ATTRIBUTE_NOEXEC))
		fail_errno("exec/sandbox-mount", "Cannot mount the /proc of the processes outside");
	return mount;
}

void protect_outer_proc(void)
{
	struct statfs status;
	cleanup_fd int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0 || fstatfs(proc, &status) < 0 || status.f_type != PROC_SUPER_MAGIC)
		return; /* a mount of the step is there */
	if (!set_attributes(proc, ATTRIBUTE_READONLY))
		fail_errno("exec/sandbox-mount", "Cannot make the /proc of the processes outside read-only");
}
