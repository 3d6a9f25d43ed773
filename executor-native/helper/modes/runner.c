#include "modes/runner.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/report.h"

/* Descriptors from the caller, besides standard output and standard error. */
#define SPEC_FD 3
#define STATUS_FD 4

/* Linux 5.9. */
#define NR_CLOSE_RANGE 436

/* Limits this process and its children to some processors. The children may choose others. */
static void choose_processors(const struct texts *processors)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	for (size_t i = 0; i < processors->count; i++) {
		uint64_t number;
		if (!parse_number(processors->items[i], CPU_SETSIZE - 1, &number))
			fail("exec/internal", "The sandbox spec has a processor \"%s\"", processors->items[i]);
		CPU_SET(number, &set);
	}
	if (processors->count > 0 && sched_setaffinity(0, sizeof set, &set) < 0)
		fail_errno("exec/limit-refused", "Cannot keep the step to its processors");
}

bool begin_runner(struct spec *spec, void (*stop)(int), int death_signal)
{
	struct sigaction action = {.sa_handler = stop};
	report_to(STATUS_FD);
	if (fcntl(STATUS_FD, F_SETFD, FD_CLOEXEC) < 0)
		return false;
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	read_spec(SPEC_FD, spec);
	close(SPEC_FD);
	choose_processors(&spec->processors);
	/*
	 * Nothing that was inherited by accident may reach the command; before Linux 5.9 nothing should
	 * be.
	 */
	int last = spec->check.count ? CHECK_FD : spec->input ? ORDERS_FD : spec->joins_network ? NETWORK_FD : STATUS_FD;
	syscall(NR_CLOSE_RANGE, last + 1, ~0u, 0);
	if ((spec->joins_network && fcntl(NETWORK_FD, F_SETFD, FD_CLOEXEC) < 0) ||
	    (spec->input && fcntl(ORDERS_FD, F_SETFD, FD_CLOEXEC) < 0) ||
	    (spec->check.count && fcntl(CHECK_FD, F_SETFD, FD_CLOEXEC) < 0))
		fail_errno("exec/sandbox-setup", "Cannot find a descriptor of the step");
	prctl(PR_SET_PDEATHSIG, death_signal);
	return getppid() == (pid_t)spec->parent;
}

void check_protection(void)
{
	struct statvfs status;
	if (statvfs("/proc/self/exe", &status) < 0)
		fail_errno("exec/sandbox-setup", "Cannot find this program's file");
	if (!(status.f_flag & ST_RDONLY))
		fail("exec/sandbox-mount",
		     "Cannot run steps: the file of this program is not on a read-only mount, so that a step could change it");
}

void close_given(int fd)
{
	if (fd >= 0)
		close(fd);
}
