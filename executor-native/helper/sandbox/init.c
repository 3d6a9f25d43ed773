#include "sandbox/init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/command.h"
#include "sandbox/mount-api.h"
#include "sandbox/mounts.h"
#include "ownership/owners.h"
#include "sandbox/rootfs.h"
#include "sandbox/user.h"
#include "sandbox/walk.h"

static void loopback_up(void)
{
	struct ifreq request = {.ifr_flags = IFF_UP};
	strcpy(request.ifr_name, "lo");
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		fail_errno("exec/sandbox-setup", "Cannot bring up the loopback interface");
	close(fd);
}

static void enter_root(int root)
{
	/* The old root ends up under the new one's, and is gone with the unmount: nothing of the host stays reachable. */
	if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		fail_errno("exec/pivot-root", "Cannot make the image's file system the root");
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		fail_errno("exec/pivot-root", "Cannot leave the host's file system");
}

/* How many directories of the way to `path` there are. */
static int existing_depth(int root, const char *path)
{
	struct walk at;
	int depth = 1; /* the root */
	if (walk(&at, root, path, WALK_FIND))
		while (depth <= at.depth && at.level[depth].fd >= 0)
			depth++;
	walk_end(&at);
	return depth;
}

static bool give_directory(int fd, const struct user *user)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return give_to(path, 0, (struct owner){user->uid, user->gid});
}

/* Directories that are made here are the user's. */
static void enter_directory(const struct spec *spec)
{
	char path[4096];
	struct walk at;
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int existing = root < 0 ? 1 : existing_depth(root, spec->cwd);
	if (root < 0 || !walk(&at, root, spec->cwd, WALK_MAKE_DIRECTORY) || fchdir(walk_fd(&at)) < 0)
		fail_errno("exec/working-directory", "Cannot use \"%s\" as the working directory", spec->cwd);
	if (existing <= at.depth) {
		struct user user;
		find_user(spec->user, &user);
		for (int level = existing; level <= at.depth; level++)
			if (!give_directory(at.level[level].fd, &user))
				fail_errno("exec/working-directory", "Cannot give \"%s\" to the user of the step", spec->cwd);
	}
	walk_end(&at);
	close(root);
	if (!getcwd(path, sizeof path) || path[0] != '/')
		fail("exec/working-directory", "Cannot use \"%s\" as the working directory: it is outside the root", spec->cwd);
}

/* The sandbox's own /dev/null, so that programs which look up the name of their input find it; the host's when a mount hides it. */
static void use_null_input(int host_null)
{
	struct stat status;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (null >= 0 && (fstat(null, &status) < 0 || !S_ISCHR(status.st_mode) || status.st_rdev != makedev(1, 3))) {
		close(null);
		null = -1;
	}
	if (null >= 0)
		fcntl(null, F_SETFL, 0);
	if (dup2(null >= 0 ? null : host_null, 0) < 0)
		fail_errno("exec/sandbox-setup", "Cannot use /dev/null as standard input");
	if (null >= 0)
		close(null);
}

static void set_up(const struct spec *spec)
{
	if (mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		fail_errno("exec/sandbox-mount", "Cannot make the mounts private");
	struct stage stage = make_stage(spec);
	int root = make_root(&stage, spec);
	if (!spec->network)
		loopback_up();
	mount_standard(&stage, spec, root);
	mount_extra(&stage, spec, root);
	/* Set-id bits give ids that processes believe to have (see supervisor/ids.c); the kernel would give real ones of other users. */
	if (spec->supervised && !set_attributes(root, ATTRIBUTE_NOSUID))
		fail_errno("exec/sandbox-mount", "Cannot make the kernel ignore set-id bits");
	if (sethostname(spec->hostname, strlen(spec->hostname)) < 0)
		fail_errno("exec/sandbox-setup", "Cannot set the host name \"%s\"", spec->hostname);
	enter_root(root);
	close(root);
	close(stage.fd);
	use_null_input(stage.null);
	close(stage.null);
	enter_directory(spec);
}

static _Noreturn void wait_for(pid_t command, const sigset_t *signals)
{
	for (;;) {
		int status, number = sigwaitinfo(signals, NULL);
		if (number > 0 && number != SIGCHLD)
			kill(command, number);
		for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
			if (pid != command)
				continue;
			if (WIFSIGNALED(status))
				status_line("exit", NULL, NULL, "signal", WTERMSIG(status));
			else
				status_line("exit", NULL, NULL, "code", WEXITSTATUS(status));
			_exit(0); /* The kernel kills what is left in the pid namespace, and waits for it. */
		}
	}
}

void run_init(const struct spec *spec, int output, int errors, int alive, int control)
{
	struct pollfd gone = {.fd = alive, .events = POLLIN};
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (poll(&gone, 1, 0) > 0)
		_exit(EXIT_FAILED);
	umask(0);
	set_up(spec);

	sigset_t signals;
	sigfillset(&signals);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	/* Before there is anybody in this pid namespace who could trace this process or open what /proc shows of it; the command gets it back by exec. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	pid_t command = fork();
	if (command < 0)
		fail_errno("exec/sandbox-setup", "Cannot start the command's process");
	if (command == 0) {
		if (dup2(output, 1) < 0 || dup2(errors, 2) < 0)
			fail_errno("exec/sandbox-setup", "Cannot connect the command's output");
		run_command(spec, control);
	}
	/* This process shares a pid namespace with what is not trusted: it keeps nothing worth taking. */
	close(alive);
	close(output);
	close(errors);
	if (control >= 0)
		close(control);
	close(1);
	close(2);
	if (chdir("/") < 0)
		_exit(EXIT_FAILED);
	limit_bounding_set(1ull << CAP_KILL);
	limit_capabilities(1ull << CAP_KILL);
	wait_for(command, &signals);
}
