/*
 * Mode `userns`: becomes a command inside a new user and mount namespace. The process that was
 * started is the one that becomes the command, so that its parent stays the same. See "mapper" in
 * README.md.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/util.h"
#include "modes/modes.h"
#include "mounts/mount-api.h"
#include "mounts/outer-proc.h"
#include "sandbox/user-namespace.h"

/* Appended to the command where no sandbox can have a /proc of its own. */
#define OUTER_PROC_ARGUMENT "--outer-proc"

#define USAGE "Usage: userns PARENT direct|own|tools UIDMAP GIDMAP COMMAND…"

/* Arguments of the mode. */
enum { PARENT, WAY, UIDS, GIDS, COMMAND };

static const char *const way_names[] = {[MAP_DIRECTLY] = "direct", [MAP_OWN] = "own", [MAP_BY_TOOLS] = "tools"};

/*
 * Puts the file of this program on a read-only mount of its own, because a step may find a way to
 * it, as /proc/PID/exe, and may run with the owner's rights over it. Without the calls for that no
 * sandbox can be made (see modes/run.c), and the probe says so.
 */
static void protect_program(void)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
	path[length > 0 ? length : 0] = 0;
	protect_file(path);
}

static enum map_way way_named(const char *name)
{
	for (size_t i = 0; i < LENGTH(way_names); i++)
		if (strcmp(way_names[i], name) == 0)
			return (enum map_way)i;
	fail("exec/internal", USAGE);
}

int mode_userns(int count, char **arguments)
{
	uint64_t parent;
	if (count <= COMMAND || !parse_number(arguments[PARENT], INT32_MAX, &parent))
		fail("exec/internal", USAGE);
	cleanup_fd int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	enter_user_namespace(&(struct id_maps){way_named(arguments[WAY]), arguments[UIDS], arguments[GIDS], proc});
	/*
	 * Nothing mounted here reaches the host; unmounts of the host come here, so that no medium is
	 * kept busy.
	 */
	if (mount("", "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		fail_errno("exec/userns-mount", "Cannot separate the mounts from the host's");
	protect_program();
	setsid(); /* ctrl-c in the terminal goes to the parent, which decides */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != (pid_t)parent)
		return EXIT_FAILED;
	char **command = allocate(sizeof *command * ((size_t)count + 1));
	memcpy(command, arguments + COMMAND, sizeof *command * (size_t)(count - COMMAND));
	if (!can_mount_proc())
		command[count - COMMAND] = OUTER_PROC_ARGUMENT;
	execv(command[0], command);
	fail_errno("exec/userns", "Cannot start %s", arguments[COMMAND]);
}
