/*
 * Mode `plain`: becomes a command as it is, with no namespace: the worker where a step has none
 * either. See "worker" in README.md.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/util.h"
#include "modes/modes.h"

/* Arguments of the mode. */
enum { PARENT, COMMAND };

int mode_plain(int count, char **arguments)
{
	uint64_t parent;
	if (count <= COMMAND || !parse_number(arguments[PARENT], INT32_MAX, &parent))
		fail("exec/internal", "Usage: plain PARENT COMMAND…");
	setsid(); /* ctrl-c in the terminal goes to the parent, which decides */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != (pid_t)parent)
		return EXIT_FAILED;
	execv(arguments[COMMAND], arguments + COMMAND);
	fail_errno("exec/plain", "Cannot start %s", arguments[COMMAND]);
}
