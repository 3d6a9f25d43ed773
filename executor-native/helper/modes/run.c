/*
 * Mode `run`: one command in its own namespaces. This process stays outside them: it carries the
 * output, waits until everything inside is gone, and tidies up. See "runner" in README.md.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/control.h"
#include "base/remove-tree.h"
#include "base/report.h"
#include "modes/endings.h"
#include "modes/modes.h"
#include "modes/output.h"
#include "modes/restart.h"
#include "modes/runner.h"
#include "ownership/devices.h"
#include "ownership/owners.h"
#include "roots/layer-mounts.h"
#include "roots/working-root.h"
#include "sandbox/init.h"
#include "spec/spec.h"
#include "supervisor/supervisor.h"
#include "supervisor/watch.h"

/* Stands for no process. */
#define NOBODY (-1)

/* Ends of the pair of control sockets. */
enum { OUTSIDE, INSIDE };

/*
 * Note that a handler of signals reads these, so that they cannot be members of a struct.
 * `init_pid` is 0 while there is nothing to stop.
 */
static volatile sig_atomic_t init_pid, stopped;

/* Stops everything inside: killing the first process of a pid namespace kills all of them. */
static void stop(int number)
{
	(void)number;
	stopped = 1;
	if (init_pid > 0)
		kill((pid_t)init_pid, SIGKILL);
}

/* A step, over all its attempts. */
struct step {
	struct spec spec;
	struct owners owners;
	struct stat root; /* status of the upper directory before it began */
	struct working_root working;
	bool met_device;  /* the last attempt ended when a device was made */
	bool has_carried; /* the command wrote something that was carried */
};

/* One attempt to run a step. */
struct attempt {
	pid_t init, supervisor; /* NOBODY where there is none */
	int output[2], errors[2], control[2];
	int input[2];    /* -1 where nobody talks to the command, or through a terminal */
	int terminal[2]; /* pair of sockets by which init sends the terminal; -1 for none */
	int alive[2]; /* init reads the end of this pipe when this process is gone */
	struct watch watch;
	struct output carried;
};

static struct attempt new_attempt(const struct spec *spec)
{
	struct attempt attempt = {.init = NOBODY, .supervisor = NOBODY, .control = {-1, -1}, .input = {-1, -1}, .terminal = {-1, -1}};
	make_output_pipe(attempt.output);
	make_output_pipe(attempt.errors);
	make_pipe(attempt.alive);
	if (spec->input && !spec->terminal)
		make_pipe(attempt.input);
	if (spec->terminal && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, attempt.terminal) < 0)
		fail_errno("exec/sandbox-setup", "Cannot make a pair of sockets");
	if (spec->owners && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, attempt.control) < 0)
		fail_errno("exec/sandbox-setup", "Cannot make a pair of sockets");
	attempt.watch = (struct watch){.fd = -1, .mapped = &spec->mapped};
	attempt.carried = (struct output){
		.output = attempt.output[READ_END], .errors = attempt.errors[READ_END], .stopped = &stopped};
	return attempt;
}

/* Goes on as the first process of the sandbox. */
static _Noreturn void become_init(struct step *step, const struct attempt *attempt)
{
	struct channels channels = {
		.streams = {attempt->input[READ_END], attempt->output[WRITE_END], attempt->errors[WRITE_END]},
		.terminal = attempt->terminal[INSIDE],
		.alive = attempt->alive[READ_END],
		.control = attempt->control[INSIDE],
	};
	close(attempt->output[READ_END]);
	close(attempt->errors[READ_END]);
	close_given(attempt->input[WRITE_END]);
	close_given(attempt->terminal[OUTSIDE]);
	close(attempt->alive[WRITE_END]);
	close_given(attempt->control[OUTSIDE]);
	if (step->spec.working)
		close_root(&step->working);
	run_init(&step->spec, &step->owners, &channels);
}

static void close_inner_ends(const struct attempt *attempt)
{
	close(attempt->output[WRITE_END]);
	close(attempt->errors[WRITE_END]);
	close_given(attempt->input[READ_END]);
	close_given(attempt->terminal[INSIDE]);
	close(attempt->alive[READ_END]);
	close_given(attempt->control[INSIDE]);
}

/* Starts the sandbox. Signals are blocked until there is one, and in init for good. */
static void start_init(struct step *step, struct attempt *attempt)
{
	unsigned long namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
	sigset_t blocked, before;
	if (!step->spec.network && !step->spec.joins_network)
		namespaces |= CLONE_NEWNET;
	sigfillset(&blocked);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	attempt->init = (pid_t)syscall(SYS_clone, namespaces | SIGCHLD, NULL, NULL, NULL, NULL);
	if (attempt->init < 0)
		fail_errno("exec/namespaces", "Cannot make the sandbox's namespaces");
	if (attempt->init == 0) {
		signal(SIGTERM, SIG_DFL);
		become_init(step, attempt);
	}
	init_pid = attempt->init;
	sigprocmask(SIG_SETMASK, &before, NULL);
	close_inner_ends(attempt);
}

/*
 * Starts the process that answers the sandbox's system calls: a supervisor, or this process as a
 * watcher.
 */
static void start_answering(struct step *step, struct attempt *attempt)
{
	if (!step->spec.supervised) {
		attempt->watch.fd = attempt->control[OUTSIDE];
		return;
	}
	attempt->supervisor = start_supervisor(&step->spec, &step->owners, attempt->init, attempt->control[OUTSIDE],
	                                       attempt->input[WRITE_END]);
	close(attempt->control[OUTSIDE]);
}

/* Passes a signal on to the command. */
static void send_to_command(int number)
{
	if (init_pid > 0 && number != SIGKILL)
		kill((pid_t)init_pid, number);
}

/*
 * Connects the caller with the command. Init sends the terminal before the command begins, or ends
 * without.
 */
static void begin_talk(const struct step *step, struct attempt *attempt, struct input *input)
{
	char word;
	int to = attempt->input[WRITE_END];
	if (step->spec.terminal) {
		receive_control(attempt->terminal[OUTSIDE], &word, 1, &to);
		close(attempt->terminal[OUTSIDE]);
		attempt->carried.output = to;
	}
	if (!step->spec.input || to < 0)
		return;
	*input = begin_input(to, step->spec.terminal, send_to_command);
	attempt->carried.input = input;
}

/* Carries the rest of an attempt that is given up, and closes everything of it. */
static void give_up(struct attempt *attempt)
{
	struct watch nothing = {.fd = -1};
	carry_all(&attempt->carried, &nothing);
	close(attempt->watch.fd);
	close(attempt->alive[WRITE_END]);
	close(attempt->output[READ_END]);
	close(attempt->errors[READ_END]);
}

static void prepare_working_root(struct step *step)
{
	if (!step->spec.working)
		return;
	mode_t mask = umask(0);
	prepare_root(&step->working, &step->spec, NULL, NULL);
	replace_layer_mounts(&step->spec, step->working.stage);
	make_mount_points(&step->working);
	umask(mask);
}

/*
 * Runs the step once. False: it needs a supervisor, or one that knows devices, and all of this
 * attempt is gone.
 */
static bool try_step(struct step *step)
{
	struct attempt attempt = new_attempt(&step->spec);
	struct input input = no_input;
	prepare_working_root(step);
	start_init(step, &attempt);
	start_answering(step, &attempt);
	begin_talk(step, &attempt, &input);
	bool done = carry_all(&attempt.carried, &attempt.watch);
	if (stopped || !done)
		kill(attempt.init, SIGKILL);
	int status = wait_end(attempt.init);
	init_pid = 0;
	int supervisor_status = attempt.supervisor == NOBODY ? 0 : wait_end(attempt.supervisor);
	step->met_device = attempt.watch.saw_device || needs_devices(supervisor_status);
	done = done && !needs_devices(supervisor_status);
	if (!done)
		give_up(&attempt);
	step->has_carried = step->has_carried || attempt.carried.has_carried;
	if (!done && !stopped)
		return false;
	bool has_succeeded = !stopped && status == 0 && supervisor_status == 0;
	if (step->spec.working && has_succeeded)
		keep_changes(&step->working);
	remove_tree(step->spec.work);
	report_usage();
	report_end(&step->spec, stopped, status, supervisor_status);
	if (step->spec.keep_failed && !stopped && !has_succeeded && supervisor_status == 0)
		keep_failed(&step->working);
	return true;
}

/* Prepares the step for an attempt with a supervisor. */
static void use_supervisor(struct step *step)
{
	step->spec.supervised = true;
	read_notes(&step->owners.notes, &step->spec);
}

/* Prepares the step for the next attempt, because of what the last one met. */
static void use_more(struct step *step)
{
	step->spec.has_devices = step->spec.has_devices || step->met_device;
	if (!step->spec.supervised)
		use_supervisor(step);
}

/* Makes the step ready to run again, after an attempt that met something it cannot do. */
static void begin_again(struct step *step)
{
	undo_step(&step->spec, &step->root);
	step->spec.working_has = 0; /* a root that the step has changed is made again */
	if (step->has_carried)
		dprintf(STDERR_FILENO, "tsbuild: the step begins again, with virtual %s\n",
		        step->met_device ? "devices: it makes one, which no user namespace may have"
		                         : "owners: it uses ids beyond those that are mapped here");
	use_more(step);
}

/* Decides whether the step needs a supervisor from the start. */
static void prepare_owners(struct step *step)
{
	const struct spec *spec = &step->spec;
	step->owners = (struct owners){.mapped = &spec->mapped, .upper = -1};
	if (!spec->owners)
		return;
	/* An attempt that input was typed for is the only one. */
	step->spec.has_devices = has_devices(spec) || spec->input;
	if (spec->supervised || has_written_owners(spec) || has_devices(spec))
		use_supervisor(step);
	if (stat(spec->upper, &step->root) < 0)
		fail_errno("exec/sandbox-setup", "Cannot look at %s", spec->upper);
}

int mode_run(int count, char **arguments)
{
	struct step step = {.has_carried = false};
	(void)count, (void)arguments;
	if (!begin_runner(&step.spec, stop, SIGKILL))
		return EXIT_FAILED;
	check_protection();
	prepare_owners(&step);
	while (!try_step(&step))
		begin_again(&step);
	return 0;
}
