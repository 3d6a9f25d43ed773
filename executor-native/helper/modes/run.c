/*
 * Mode `run`: one command in its own namespaces. This process stays outside them: it carries the output (the command gets real pipes, so that
 * /dev/stdout can be opened; the caller's ends are sockets), waits until everything inside is gone, and tidies up.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/init.h"
#include "ownership/mapped.h"
#include "modes/modes.h"
#include "ownership/owner-notes.h"
#include "modes/path-length.h"
#include "modes/remove.h"
#include "modes/restart.h"
#include "spec/spec.h"
#include "supervisor/supervisor.h"
#include "supervisor/watch.h"

#define SPEC_FD 3
#define STATUS_FD 4
#define NR_CLOSE_RANGE 436
#define PIPE_SIZE (1 << 20)

static volatile sig_atomic_t init_pid, stopped;
static bool has_said; /* the command wrote something that was carried */

/* Killing the first process of a pid namespace kills all of them. */
static void stop(int number)
{
	(void)number;
	stopped = 1;
	if (init_pid > 0)
		kill((pid_t)init_pid, SIGKILL);
}

static void make_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC) < 0)
		fail_errno("exec/sandbox-setup", "Cannot make a pipe");
	fcntl(ends[0], F_SETPIPE_SZ, PIPE_SIZE); /* fewer wake-ups; refused when the user's quota is used up */
}

/* Moves what is there. False at the end, or when nobody wants it any more. */
static bool carry(int from, int to)
{
	static char buffer[65536];
	ssize_t count = splice(from, NULL, to, NULL, PIPE_SIZE, SPLICE_F_MOVE);
	if (count < 0 && errno == EINVAL) { /* `to` is nothing that can be spliced into, such as a terminal */
		count = read(from, buffer, sizeof buffer);
		for (ssize_t done = 0; done < count;) {
			ssize_t written = write(to, buffer + done, (size_t)(count - done));
			if (written < 0 && errno != EINTR)
				return false;
			done += written > 0 ? written : 0;
		}
	}
	has_said = has_said || count > 0;
	return count > 0 || (count < 0 && (errno == EINTR || errno == EAGAIN));
}

/* Until nothing comes any more. False: the step needs a supervisor. */
static bool carry_all(int output, int errors, struct watch *watch)
{
	struct pollfd polled[] = {{.fd = output, .events = POLLIN}, {.fd = errors, .events = POLLIN}, {.fd = watch->fd, .events = POLLIN}};
	while (!stopped && (polled[0].fd >= 0 || polled[1].fd >= 0 || polled[2].fd >= 0)) {
		if (poll(polled, LENGTH(polled), -1) < 0 && errno != EINTR)
			break;
		for (int i = 0; i < 2 && !stopped; i++)
			if (polled[i].fd >= 0 && polled[i].revents && !carry(polled[i].fd, i + 1))
				polled[i].fd = -1;
		if (polled[2].fd >= 0 && polled[2].revents && !attend(watch, polled[2].revents))
			return false;
		polled[2].fd = watch->fd;
	}
	return true;
}

static int wait_end(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* See userns.c. */
static void check_protection(void)
{
	struct statvfs status;
	if (statvfs("/proc/self/exe", &status) < 0)
		fail_errno("exec/sandbox-setup", "Cannot find this program's file");
	if (!(status.f_flag & ST_RDONLY))
		fail("exec/sandbox-mount", "Cannot run steps: the file of this program is not on a read-only mount, so that a step could change it");
}

/* False: the step needs a supervisor, and all of it is gone. */
static bool run_step(const struct spec *spec)
{
	int output[2], errors[2], alive[2], control[2] = {-1, -1};
	pid_t supervisor = -1;
	struct watch watch = {.fd = -1}, nothing = watch;
	const char *too_long;
	/* SIGTERM asks to stop. Blocked until there is something to stop. */
	sigset_t blocked, before;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	make_pipe(output);
	make_pipe(errors);
	make_pipe(alive);
	if (spec->owners && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) < 0)
		fail_errno("exec/sandbox-setup", "Cannot make a pair of sockets");

	unsigned long flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | (spec->network ? 0 : CLONE_NEWNET);
	pid_t pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid < 0)
		fail_errno("exec/namespaces", "Cannot make the sandbox's namespaces");
	if (pid == 0) {
		signal(SIGTERM, SIG_DFL);
		sigprocmask(SIG_SETMASK, &before, NULL);
		close(output[0]);
		close(errors[0]);
		close(alive[1]);
		if (spec->owners)
			close(control[0]);
		run_init(spec, output[1], errors[1], alive[0], control[1]);
	}
	init_pid = pid;
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(output[1]);
	close(errors[1]);
	close(alive[0]);
	if (spec->owners)
		close(control[1]);
	if (spec->supervised) {
		supervisor = start_supervisor(spec, pid, control[0]);
		close(control[0]);
	} else {
		watch.fd = control[0];
	}
	bool done = carry_all(output[0], errors[0], &watch);
	if (stopped || !done)
		kill(pid, SIGKILL);
	int status = wait_end(pid);
	init_pid = 0;
	if (!done) { /* what it had written by then */
		carry_all(output[0], errors[0], &nothing);
		close(watch.fd);
		close(alive[1]);
		close(output[0]);
		close(errors[0]);
	}
	if (!done && !stopped)
		return false;
	int kept = supervisor < 0 ? 0 : wait_end(supervisor);
	remove_tree(spec->work);
	if (WIFSIGNALED(kept))
		status_line("killed", NULL, NULL, "signal", WTERMSIG(kept));
	else if (stopped)
		status_line("stopped", NULL, NULL, NULL, -1);
	else if (WIFSIGNALED(status))
		status_line("killed", NULL, NULL, "signal", WTERMSIG(status));
	else if ((too_long = too_long_below(spec->upper)))
		status_line("too-long", "path", too_long + strlen(spec->upper) + 1, NULL, -1);
	return true;
}

int mode_run(void)
{
	struct spec spec;
	struct stat root;
	struct sigaction action = {.sa_handler = stop};

	status_fd = STATUS_FD;
	if (fcntl(STATUS_FD, F_SETFD, FD_CLOEXEC) < 0)
		return EXIT_FAILED;
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);

	read_spec(SPEC_FD, &spec);
	close(SPEC_FD);
	syscall(NR_CLOSE_RANGE, STATUS_FD + 1, ~0u, 0); /* what was inherited by accident must not reach the command; before Linux 5.9 nothing should be */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != spec.parent)
		return EXIT_FAILED;
	check_protection();
	if (spec.owners) {
		use_mapped(spec.mapped_users, spec.mapped_groups);
		spec.supervised = spec.supervised || has_written_owners(&spec);
		if (spec.supervised)
			use_owners(&spec);
		else if (stat(spec.upper, &root) < 0)
			fail_errno("exec/sandbox-setup", "Cannot look at %s", spec.upper);
	}
	if (run_step(&spec))
		return 0;
	undo_step(&spec, &root);
	if (has_said)
		dprintf(2, "tsbuild: the step begins again, with virtual owners: it uses ids beyond those that are mapped here\n");
	spec.supervised = true;
	use_owners(&spec);
	run_step(&spec);
	return 0;
}
