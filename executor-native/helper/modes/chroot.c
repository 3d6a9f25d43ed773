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

/* Starts the monitor. SIGTERM is blocked until there is a monitor to pass it on to. */
static void start_monitor(const struct spec *spec, struct output *carried, struct lent *lent)
{
	int output[2], errors[2];
	pid_t self = getpid();
	make_output_pipe(output);
	make_output_pipe(errors);
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
		close(output[READ_END]);
		close(errors[READ_END]);
		keep_step(spec, spec->translated ? &by_translation : &by_chroot, &(struct step_output){output[WRITE_END], errors[WRITE_END]}, lent);
	}
	monitor_pid = pid;
	block_stop(SIG_UNBLOCK);
	close(output[WRITE_END]);
	close(errors[WRITE_END]);
	*carried = (struct output){.output = output[READ_END], .errors = errors[READ_END], .stopped = &stopped};
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
	(void)count, (void)arguments;
	if (!begin_runner(&spec, stop, SIGTERM) || !spec.working)
		return EXIT_FAILED;
	struct lent *lent = share_lent();
	adopt_orphans();
	start_monitor(&spec, &carried, lent);
	carry_all(&carried, &nothing);
	end_step(&spec, lent);
	return 0;
}
