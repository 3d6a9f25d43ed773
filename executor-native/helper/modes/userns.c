/*
 * Mode `userns`: becomes a command inside a new user and mount namespace. The process that was started is the one that becomes the command, so that
 * whoever started it is its parent; a child stays outside for a moment to write the id maps.
 */
#include "modes/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "modes/modes.h"
#include "sandbox/mount-api.h"
#include "base/util.h"

/* `map` is lines of "inside outside count" separated by commas. */
static void write_map(pid_t pid, const char *kind, const char *map)
{
	char path[64], *text = format_text("%s\n", map);
	for (char *at = text; *at; at++)
		if (*at == ',')
			*at = '\n';
	snprintf(path, sizeof path, "/proc/%d/%s", pid, kind);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t size = strlen(text);
	if (fd < 0 || write(fd, text, size) != (ssize_t)size)
		fail_errno("exec/id-map", "Cannot map ids (%s) into the user namespace", map);
	close(fd);
	free(text);
}

static pid_t start_tool(const char *tool, pid_t pid, const char *map)
{
	pid_t child = fork();
	if (child != 0)
		return child;
	char *words[3 * 64 + 3], *copy = format_text("%s", map);
	size_t count = 0;
	words[count++] = (char *)tool;
	words[count++] = format_text("%d", pid);
	for (char *word = strtok(copy, " ,"); word && count + 1 < LENGTH(words); word = strtok(NULL, " ,"))
		words[count++] = word;
	words[count] = NULL;
	execvp(tool, words);
	fail_errno("exec/id-map-tool", "Cannot run %s, which maps the ids of ordinary users", tool);
}

static void wait_tool(const char *tool, pid_t child)
{
	int status;
	if (child < 0 || waitpid(child, &status, 0) < 0)
		fail_errno("exec/id-map-tool", "Cannot run %s", tool);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILED)
		_exit(EXIT_FAILED); /* it has said why */
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail("exec/id-map-tool", "%s did not map the ids of this user", tool);
}

/* Without privilege a process may map its own group only, after it gave up changing groups. */
static void deny_groups(pid_t pid)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/setgroups", pid);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "deny", 4) != 4)
		fail_errno("exec/id-map", "Cannot give up changing groups in the user namespace");
	close(fd);
}

static _Noreturn void write_maps(pid_t pid, int go, const char *how, const char *uids, const char *gids)
{
	char byte;
	if (read(go, &byte, 1) != 1)
		_exit(EXIT_FAILED); /* the namespace could not be made */
	if (strcmp(how, "tools") != 0) {
		if (strcmp(how, "own") == 0)
			deny_groups(pid);
		write_map(pid, "uid_map", uids);
		write_map(pid, "gid_map", gids);
	} else {
		pid_t first = start_tool("newuidmap", pid, uids), second = start_tool("newgidmap", pid, gids);
		wait_tool("newuidmap", first);
		wait_tool("newgidmap", second);
	}
	_exit(0);
}

/*
 * What runs in a sandbox may find a way to this program's file, as /proc/PID/exe; and it may run with the owner's rights over it. So here the file is on a mount
 * of its own that is read-only. Without the calls for that no sandbox can be made (see mode_run), and the probe says so.
 */
static void protect_program(void)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
	path[length > 0 ? length : 0] = 0;
	int file = open(path, O_PATH | O_CLOEXEC), mount = file < 0 ? -1 : copy_mount(file, "");
	if (mount >= 0 && set_attributes(mount, ATTRIBUTE_READONLY | ATTRIBUTE_NOSUID))
		attach_mount(mount, file);
	if (mount >= 0)
		close(mount);
	if (file >= 0)
		close(file);
}

void enter_user_namespace(const char *how, const char *uids, const char *gids)
{
	int go[2], status;
	pid_t self = getpid();
	if (pipe2(go, O_CLOEXEC) < 0)
		fail_errno("exec/userns", "Cannot make a pipe");
	pid_t mapper = fork();
	if (mapper < 0)
		fail_errno("exec/userns", "Cannot start the process that maps ids");
	if (mapper == 0) {
		close(go[1]);
		write_maps(self, go[0], how, uids, gids);
	}
	close(go[0]);
	if (unshare(CLONE_NEWUSER) < 0)
		fail_errno("exec/userns", "Cannot make a user namespace");
	if (write(go[1], "", 1) != 1)
		fail_errno("exec/userns", "Cannot start mapping ids");
	while (waitpid(mapper, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		_exit(EXIT_FAILED); /* it has said why */
	close(go[1]);
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		fail_errno("exec/userns", "Cannot become root in the user namespace");
	if (unshare(CLONE_NEWNS) < 0)
		fail_errno("exec/userns-mount", "Cannot make a mount namespace in the user namespace");
}

int mode_userns(int count, char **arguments)
{
	uint64_t parent;
	if (count < 5 || !parse_number(arguments[0], INT32_MAX, &parent))
		fail("exec/internal", "Usage: userns PARENT direct|own|tools UIDMAP GIDMAP COMMAND…");
	enter_user_namespace(arguments[1], arguments[2], arguments[3]);
	/* Nothing mounted here reaches the host; what the host unmounts goes here too, so that a medium is not kept busy. */
	if (mount("", "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		fail_errno("exec/userns-mount", "Cannot separate the mounts from the host's");
	protect_program();
	setsid(); /* ctrl-c in the terminal goes to the parent, which decides */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != (pid_t)parent)
		return EXIT_FAILED;
	execv(arguments[4], arguments + 4);
	fail_errno("exec/userns", "Cannot start %s", arguments[4]);
}
