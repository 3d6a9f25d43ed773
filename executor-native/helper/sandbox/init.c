#include "sandbox/init.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
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

#include "base/control.h"
#include "base/short-path.h"
#include "base/walk.h"
#include "mounts/mount-api.h"
#include "mounts/mounts.h"
#include "ownership/user.h"
#include "sandbox/capabilities.h"
#include "sandbox/command.h"

/* The number of the device /dev/null. */
#define NULL_DEVICE makedev(1, 3)

static void bring_loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	cleanup_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		fail_errno("exec/sandbox-setup", "Cannot bring up the loopback interface");
}

/*
 * Goes into the network of the build's steps, before anything is mounted: a new sysfs shows the
 * present network.
 */
static void join_network(void)
{
	if (setns(NETWORK_FD, CLONE_NEWNET) < 0)
		fail_errno("exec/network", "Cannot enter the network of steps");
	close(NETWORK_FD);
}

/*
 * Makes the image's file system the root. The old root ends up under the new one's, and is gone
 * with the unmount: nothing of the host stays reachable.
 */
static void enter_root(int root)
{
	if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		fail_errno("exec/pivot-root", "Cannot make the image's file system the root");
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		fail_errno("exec/pivot-root", "Cannot leave the host's file system");
}

/* Gives the directories of the walk from a level on to the user of the step. */
static void give_directories(const struct spec *spec, struct owners *owners, const struct walk *at, int level)
{
	struct user user;
	if (level > at->depth)
		return;
	find_user(spec->user, &user);
	for (; level <= at->depth; level++)
		if (!give_to(owners, proc_path_of(at->level[level].fd).text, 0, (struct owner){user.uid, user.gid}))
			fail_errno("exec/working-directory", "Cannot give \"%s\" to the user of the step", spec->cwd);
}

/* Goes to the working directory; missing directories are made, and are the user's. */
static void enter_directory(const struct spec *spec, struct owners *owners)
{
	char path[PATH_MAX];
	cleanup_walk struct walk at = NO_WALK;
	cleanup_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int existing = root < 0 ? 1 : count_existing(root, spec->cwd);
	if (root < 0 || !walk(&at, root, spec->cwd, WALK_MAKE_DIRECTORY) || fchdir(walk_fd(&at)) < 0)
		fail_errno("exec/working-directory", "Cannot use \"%s\" as the working directory", spec->cwd);
	give_directories(spec, owners, &at, existing);
	if (!getcwd(path, sizeof path) || path[0] != '/')
		fail("exec/working-directory", "Cannot use \"%s\" as the working directory: it is outside the root", spec->cwd);
}

/*
 * Opens the sandbox's own /dev/null; -1 when a mount hides it. It is not waited for whatever is
 * there.
 */
static int open_null(void)
{
	struct stat status;
	cleanup_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (null < 0 || fstat(null, &status) < 0 || !S_ISCHR(status.st_mode) || status.st_rdev != NULL_DEVICE)
		return -1;
	fcntl(null, F_SETFL, 0);
	return take_fd(&null);
}

/*
 * Makes /dev/null the standard input: the sandbox's own, so that programs which look up the name of
 * their input find it, or else the host's.
 */
static void use_null_input(int host_null)
{
	cleanup_fd int null = open_null();
	if (dup2(null >= 0 ? null : host_null, STDIN_FILENO) < 0)
		fail_errno("exec/sandbox-setup", "Cannot use /dev/null as standard input");
}

/*
 * Sets the host name. The step has the name of the container around where that refuses it, as
 * rootless podman's profile does.
 */
static void set_host_name(const char *name)
{
	if (sethostname(name, strlen(name)) < 0 && errno != EPERM)
		fail_errno("exec/sandbox-setup", "Cannot set the host name \"%s\"", name);
}

/*
 * Makes the kernel ignore set-id bits. The supervisor emulates them (see supervisor/ids.h); the
 * kernel would give the process real ids of other users.
 */
static void ignore_set_id_bits(int root)
{
	if (!set_attributes(root, ATTRIBUTE_NOSUID))
		fail_errno("exec/sandbox-mount", "Cannot make the kernel ignore set-id bits");
}

/* Returns a descriptor of /proc. */
static int set_up(const struct spec *spec, struct owners *owners)
{
	if (mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		fail_errno("exec/sandbox-mount", "Cannot make the mounts private");
	if (spec->joins_network)
		join_network();
	struct stage stage = make_stage(spec, owners);
	int root = make_root(&stage, spec);
	if (!spec->network && !spec->joins_network)
		bring_loopback_up();
	int proc = mount_standard(&stage, spec, root);
	mount_extra(&stage, spec, root);
	if (spec->supervised)
		ignore_set_id_bits(root);
	set_host_name(spec->hostname);
	enter_root(root);
	close(stage.fd);
	use_null_input(stage.null);
	close(stage.null);
	enter_directory(spec, owners);
	if (spec->readonly_root && !set_attributes_of_one(root, ATTRIBUTE_READONLY))
		fail_errno("exec/sandbox-mount", "Cannot make the root read-only");
	close(root);
	return proc;
}

static void report_exit(int status)
{
	if (WIFSIGNALED(status))
		REPORT(.name = "exit", .number_key = "signal", .number = WTERMSIG(status));
	else
		REPORT(.name = "exit", .number_key = "code", .number = WEXITSTATUS(status));
}

/*
 * Collects children that ended. With the command everything ends: the kernel kills the rest, and
 * waits for it.
 */
static void reap(pid_t command)
{
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		if (pid != command)
			continue;
		report_exit(status);
		_exit(WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : COMMAND_FAILED);
	}
}

/* Passes signals on to the command, and waits for its end. */
static _Noreturn void wait_for(pid_t command, const sigset_t *signals)
{
	for (;;) {
		int number = sigwaitinfo(signals, NULL);
		if (number > 0 && number != SIGCHLD)
			kill(command, number);
		reap(command);
	}
}

/* Ends when the other end of the pipe is closed. */
static void wait_for_close(const int ends[2])
{
	char byte;
	close(ends[1]);
	while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
		;
	close(ends[0]);
}

/*
 * Starts the command. It waits until init has closed `*begin`, because it can look at init in
 * /proc, and init must have given up everything by then.
 */
static pid_t start_command(const struct spec *spec, const struct owners *owners, const struct channels *channels, int proc, int *begin)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		fail_errno("exec/sandbox-setup", "Cannot make a pipe");
	pid_t command = fork();
	if (command < 0)
		fail_errno("exec/sandbox-setup", "Cannot start the command's process");
	if (command > 0) {
		close(ends[0]);
		*begin = ends[1];
		return command;
	}
	wait_for_close(ends);
	connect_streams(&channels->streams);
	run_command(spec, owners, channels->control, proc);
}

/*
 * Drops all rights, because this process shares a pid namespace with programs that are not trusted.
 */
static void give_up_all(const struct spec *spec, const struct channels *channels)
{
	if (spec->check.count)
		close(CHECK_FD);
	close(channels->alive);
	close(channels->streams.output);
	if (channels->streams.errors != channels->streams.output)
		close(channels->streams.errors);
	if (channels->streams.input >= 0 && channels->terminal < 0)
		close(channels->streams.input);
	if (channels->control >= 0)
		close(channels->control);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	if (chdir("/") < 0)
		_exit(EXIT_FAILED);
	limit_bounding_set(CAPABILITY(CAP_KILL));
	limit_capabilities(CAPABILITY(CAP_KILL));
}

static bool is_outside_gone(int alive)
{
	struct pollfd gone = {.fd = alive, .events = POLLIN};
	return poll(&gone, 1, 0) > 0;
}

/* Makes the command's terminal, and sends it to the process outside. */
static void open_terminal(const struct spec *spec, struct channels *channels)
{
	struct terminal_ends ends = make_command_terminal(spec, "/dev/pts/ptmx");
	send_control(channels->terminal, "t", 1, ends.master);
	close(ends.master);
	close(channels->terminal);
	close(channels->streams.output);
	close(channels->streams.errors);
	channels->streams = (struct streams){ends.command, ends.command, ends.command};
}

void run_init(const struct spec *spec, struct owners *owners, struct channels *channels)
{
	sigset_t signals;
	/*
	 * Signals for the command may come before there is a command, and the kernel drops those that
	 * the first process of a pid namespace neither handles nor blocks.
	 */
	sigfillset(&signals);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (is_outside_gone(channels->alive))
		_exit(EXIT_FAILED);
	umask(0);
	int proc = set_up(spec, owners);
	if (channels->terminal >= 0)
		open_terminal(spec, channels);
	/*
	 * Nobody may trace this process or open its files in /proc. That is said before anybody is in
	 * this pid namespace who could; the command gets it back by exec.
	 */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	int begin;
	pid_t command = start_command(spec, owners, channels, proc, &begin);
	close(proc);
	give_up_all(spec, channels);
	close(begin);
	wait_for(command, &signals);
}
