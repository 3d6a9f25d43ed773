#include "chroot/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/control.h"
#include "base/walk.h"
#include "ownership/devices.h"
#include "chroot/answers.h"
#include "chroot/enter.h"
#include "chroot/handed.h"
#include "roots/mounts.h"
#include "chroot/processes.h"
#include "roots/terminals.h"
#include "roots/working-root.h"

enum { OUTSIDE, INSIDE };

static void report_exit(int status)
{
	if (WIFSIGNALED(status))
		REPORT(.name = "exit", .number_key = "signal", .number = WTERMSIG(status));
	else
		REPORT(.name = "exit", .number_key = "code", .number = WEXITSTATUS(status));
}

/* Everything that the monitor waits for. */
struct waiting {
	struct ends ends;
	bool is_stopped;
	int signals, control, listener;
};

/* Reads which signal came, and collects children that ended. */
static void receive_signal(struct waiting *waiting)
{
	struct signalfd_siginfo signal;
	int status;
	if (read(waiting->signals, &signal, sizeof signal) == sizeof signal) {
		if (signal.ssi_signo == SIGTERM)
			waiting->is_stopped = true;
		else if (signal.ssi_signo == SIGNAL_TO_PASS_ON && signal.ssi_pid == (uint32_t)getppid() && !waiting->ends.has_ended)
			kill(waiting->ends.command, signal.ssi_int);
	}
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0;)
		note_end(&waiting->ends, pid, status);
}

/*
 * Receives the filter's descriptor. A command that fails before ends without one, and reports why.
 */
static void receive_filter(struct waiting *waiting)
{
	char word;
	receive_control(waiting->control, &word, 1, &waiting->listener);
	close(waiting->control);
	waiting->control = -1;
	prefer_quick_answers(waiting->listener);
}

/* Answers calls until the command ends, or the step is stopped. */
static void wait_for_end(const struct way_to_keep *way, const struct monitor *monitor, struct waiting *waiting)
{
	while (!waiting->ends.has_ended && !waiting->is_stopped) {
		struct pollfd polled[] = {
			{.fd = waiting->signals, .events = POLLIN},
			{.fd = waiting->control, .events = POLLIN},
			{.fd = waiting->listener, .events = POLLIN},
		};
		if (poll(polled, LENGTH(polled), time_to_look(monitor->handed)) < 0 && errno != EINTR)
			fail_errno("exec/supervisor", "Cannot wait for the system calls of the step");
		if (monitor->handed->is_suspected)
			look_after(monitor->handed);
		if (polled[2].revents & POLLIN)
			way->answer_next(monitor, waiting->listener);
		else if (polled[2].revents)
			waiting->listener = -1; /* nobody has the filter any more */
		if (polled[1].revents)
			receive_filter(waiting);
		if (polled[0].revents)
			receive_signal(waiting);
	}
}

static int watch_signals(void)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGNAL_TO_PASS_ON);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		fail_errno("exec/sandbox-setup", "Cannot wait for signals");
	return fd;
}

/* Shows the step the name of its terminal. */
static void show_terminal(const struct monitor *monitor, int master)
{
	if (monitor->terminals)
		note_terminal(monitor->terminals, master);
	close(master);
}

/* Runs the command, and ends everything that it leaves. */
static struct waiting run(struct working_root *root, const struct way_to_keep *way, struct looks *looks,
                          const struct step_output *output)
{
	int control[2];
	struct monitor monitor = {.spec = root->spec, .root = root->places.root, .root_path = root->path, .pid = getpid()};
	struct terminals terminals = {0};
	struct handed handed = {0};
	monitor.handed = &handed;
	monitor.may_have_changed = &root->may_have_changed;
	bool devices = has_devices(root->spec);
	looks->has_devices = devices;
	monitor.has_devices = root->spec->translated ? &looks->has_devices : &devices;
	monitor.lends_devices = root->places.lends_devices;
	monitor.terminals = root->places.lends_terminals ? &terminals : NULL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) < 0)
		fail_errno("exec/sandbox-setup", "Cannot make a pair of sockets");
	struct waiting waiting = {.signals = watch_signals(), .control = control[OUTSIDE], .listener = -1};
	way->begin(&monitor, looks, &waiting.ends);
	/* Nobody may trace this process, nor the command before it is another program. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (output->terminal >= 0)
		show_terminal(&monitor, output->terminal);
	waiting.ends.command = fork();
	if (waiting.ends.command < 0)
		fail_errno("exec/sandbox-setup", "Cannot start the command's process");
	if (waiting.ends.command == 0)
		way->enter_and_run(&monitor, output, control[INSIDE]);
	close(control[INSIDE]);
	close(output->streams.output);
	if (output->streams.errors != output->streams.output)
		close(output->streams.errors);
	if (output->streams.input >= 0 && output->terminal < 0)
		close(output->streams.input);
	wait_for_end(way, &monitor, &waiting);
	end_descendants();
	restore_handed(&handed);
	if (waiting.listener >= 0)
		close(waiting.listener); /* not earlier: calls of the processes that were left would fail with ENOSYS */
	return waiting;
}

static void begin_plainly(struct monitor *monitor, struct looks *looks, struct ends *ends)
{
	(void)monitor, (void)looks, (void)ends;
}

const struct way_to_keep by_chroot = {begin_plainly, answer_next, enter_and_run};

/* Returns true when the kernel writes the memory of a process that crashes to a file. */
static bool writes_cores(const struct spec *spec)
{
	struct rlimit limit;
	char pattern = 0;
	cleanup_fd int fd = open("/proc/sys/kernel/core_pattern", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, &pattern, 1) == 1 && pattern == '|')
		return false;
	for (size_t i = 0; i < spec->rlimit_count; i++)
		if (spec->rlimits[i].resource == RLIMIT_CORE && spec->rlimits[i].soft)
			return true;
	return getrlimit(RLIMIT_CORE, &limit) < 0 || limit.rlim_cur != 0;
}

/*
 * Returns true when files of the step can change without a call that the monitor is asked about:
 * its working directory is made before the filter is there, and the kernel writes the memory of
 * processes that crash.
 */
static bool changes_unasked(const struct working_root *root)
{
	const struct spec *spec = root->spec;
	cleanup_walk struct walk at = NO_WALK;
	return !walk(&at, root->places.root, spec->cwd, WALK_FIND) || walk_fd(&at) < 0 ||
	       (!spec->translated && writes_cores(spec));
}

void keep_step(const struct spec *spec, const struct way_to_keep *way, const struct step_output *output,
               struct lent *lent)
{
	struct working_root root;
	struct looks looks; /* of a step whose paths are translated */
	adopt_orphans();
	umask(0);
	if (spec->translated)
		begin_looks(&looks);
	prepare_root(&root, spec, lent, spec->translated ? &looks : NULL);
	place_mounts(&root.places, spec, root.has_standard);
	root.may_have_changed = changes_unasked(&root);
	struct waiting waiting = run(&root, way, &looks, output);
	bool has_succeeded = waiting.ends.has_ended && WIFEXITED(waiting.ends.status) && WEXITSTATUS(waiting.ends.status) == 0;
	if (has_succeeded && root.may_have_changed)
		keep_changes(&root);
	else if (has_succeeded)
		keep_unchanged(&root);
	bool has_failed = waiting.ends.has_ended && !waiting.is_stopped && !has_succeeded;
	bool keeps_failed = has_failed && spec->keep_failed;
	if (!has_succeeded && !keeps_failed)
		take_away(&root.places, NULL);
	if (waiting.ends.has_ended && !waiting.is_stopped)
		report_exit(waiting.ends.status);
	if (keeps_failed)
		keep_failed(&root);
	_exit(0);
}

void bring_back(const struct spec *spec, struct lent *lent)
{
	cleanup_free char *path = working_root_path(spec);
	cleanup_fd int root = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	for (size_t i = 0; root >= 0 && i < MAX_LENT; i++) {
		cleanup_walk struct walk at = NO_WALK;
		if (!lent[i].is_out || !walk(&at, root, lent[i].place, WALK_FIND) || walk_fd(&at) < 0 ||
		    strcmp(at.real, lent[i].place) != 0)
			continue;
		cleanup_free char *place = format_text("%s%s", path, lent[i].place);
		rmdir(lent[i].source);
		rename(place, lent[i].source);
	}
}
