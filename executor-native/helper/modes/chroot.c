/*
 * Mode `chroot`: one command without namespaces. This process carries the output, and brings back
 * what was lent to the step if its monitor should die. See "monitor" in README.md.
 */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/remove-tree.h"
#include "base/report.h"
#include "base/util.h"
#include "chroot/monitor.h"
#include "chroot/processes.h"
#include "modes/modes.h"
#include "modes/output.h"
#include "modes/runner.h"
#include "translation/step.h"

/* Linux 5.3. */
#define NR_PIDFD_OPEN 434

/*
 * Note that a handler of signals reads these, so that they cannot be members of a struct.
 * `monitor_pid` is 0 while there is nothing to stop.
 */
static volatile sig_atomic_t monitor_pid, stopped;

/* Asks the monitor to end the step. */
static void stop(int number)
{
	(void)number;
	stopped = 1;
	if (monitor_pid > 0)
		kill((pid_t)monitor_pid, SIGTERM);
}

/* Returns memory that the monitor shares. */
static struct lent *share_lent(void)
{
	struct lent *lent =
		mmap(NULL, sizeof *lent * MAX_LENT, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (lent == MAP_FAILED)
		fail_errno("exec/sandbox-setup", "Cannot share memory with the step's monitor");
	return lent;
}

static void block_stop(int how)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigprocmask(how, &signals, NULL);
}

/* Blocks a signal until the monitor waits for it. */
static void hold_back(int number)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, number);
	sigprocmask(SIG_BLOCK, &signals, NULL);
}

/* Makes the streams of the step. `to` is where its input is written; -1 for none. */
static struct step_output make_streams(const struct spec *spec, struct output *carried, int *to)
{
	int output[2], errors[2], input[2] = {-1, -1};
	*carried = (struct output){.stopped = &stopped};
	if (spec->terminal) {
		struct terminal_ends ends = make_command_terminal(spec, "/dev/ptmx");
		carried->output = *to = ends.master;
		carried->errors = -1;
		return (struct step_output){{ends.command, ends.command, ends.command}, ends.master};
	}
	make_output_pipe(output);
	make_output_pipe(errors);
	if (spec->input)
		make_pipe(input);
	carried->output = output[READ_END];
	carried->errors = errors[READ_END];
	*to = input[WRITE_END];
	return (struct step_output){{input[READ_END], output[WRITE_END], errors[WRITE_END]}, -1};
}

/* Closes the ends of the step in the runner, or those of the runner in the monitor. */
static void close_ends(const struct spec *spec, int input, int output, int errors)
{
	if (spec->terminal) /* one descriptor for all; the monitor closes the runner's */
		return;
	if (input >= 0)
		close(input);
	close(output);
	close(errors);
}

/* Asks the monitor to pass a signal on to the command. */
static void send_to_command(int number)
{
	if (monitor_pid > 0)
		sigqueue((pid_t)monitor_pid, SIGNAL_TO_PASS_ON, (union sigval){.sival_int = number});
}

/* Starts the monitor. SIGTERM is blocked until there is a monitor to pass it on to. */
static void start_monitor(const struct spec *spec, struct output *carried, struct input *input, struct lent *lent)
{
	int to;
	pid_t self = getpid();
	struct step_output streams = make_streams(spec, carried, &to);
	block_stop(SIG_BLOCK);
	pid_t pid = fork();
	if (pid < 0)
		fail_errno("exec/sandbox-setup", "Cannot start the step's monitor");
	if (pid == 0) {
		signal(SIGTERM, SIG_DFL);
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != self)
			_exit(EXIT_FAILED);
		block_stop(SIG_UNBLOCK);
		hold_back(SIGNAL_TO_PASS_ON);
		close_ends(spec, to, carried->output, carried->errors);
		keep_step(spec, spec->translated ? &by_translation : &by_chroot, &streams, lent);
	}
	monitor_pid = pid;
	block_stop(SIG_UNBLOCK);
	close_ends(spec, streams.streams.input, streams.streams.output, streams.streams.errors);
	if (spec->terminal)
		close(streams.streams.output);
	if (spec->input) {
		*input = begin_input(to, spec->terminal, send_to_command);
		carried->input = input;
	}
	carried->monitor = (int)syscall(NR_PIDFD_OPEN, pid, 0);
}

/* Waits for the monitor's end, and reports how the step ended unless the monitor has. */
static void end_step(const struct spec *spec, struct lent *lent)
{
	int status = wait_end((pid_t)monitor_pid);
	monitor_pid = 0;
	if (WIFSIGNALED(status) || WEXITSTATUS(status) != 0) {
		end_descendants();
		bring_back(spec, lent);
	}
	remove_tree(spec->work);
	report_usage();
	if (stopped)
		REPORT(.name = "stopped");
	else if (WIFSIGNALED(status))
		REPORT(.name = "killed", .number_key = "signal", .number = WTERMSIG(status));
}

int mode_chroot(int count, char **arguments)
{
	struct spec spec;
	struct output carried;
	struct watch nothing = {.fd = -1};
	struct input input = no_input;
	(void)count, (void)arguments;
	if (!begin_runner(&spec, stop, SIGTERM) || !spec.working)
		return EXIT_FAILED;
	struct lent *lent = share_lent();
	adopt_orphans();
	start_monitor(&spec, &carried, &input, lent);
	carry_all(&carried, &nothing);
	end_step(&spec, lent);
	return 0;
}
