#include "sandbox/user-namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/short-path.h"
#include "base/util.h"

/* Words of a tool's command: its name, the pid, three numbers for each line of a map, the end. */
#define MAX_MAP_LINES 64
#define MAX_WORDS (2 + 3 * MAX_MAP_LINES + 1)

/* `process`: the process's directory in /proc. */
static bool write_proc_file(int process, const char *name, const char *text)
{
	cleanup_fd int fd = openat(process, name, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static void write_map(int process, const char *kind, const char *map)
{
	cleanup_free char *text = format_text("%s\n", map);
	for (char *at = text; *at; at++)
		if (*at == ',')
			*at = '\n';
	if (!write_proc_file(process, kind, text))
		fail_errno("exec/id-map", "Cannot map ids (%s) into the user namespace", map);
}

/* Becomes newuidmap or newgidmap. */
static _Noreturn void run_tool(const char *tool, pid_t pid, const char *map)
{
	char *words[MAX_WORDS], *copy = format_text("%s", map);
	size_t count = 0;
	words[count++] = (char *)tool;
	words[count++] = format_text("%d", pid);
	for (char *word = strtok(copy, " ,"); word && count + 1 < LENGTH(words); word = strtok(NULL, " ,"))
		words[count++] = word;
	words[count] = NULL;
	execvp(tool, words);
	fail_errno("exec/id-map-tool", "Cannot run %s, which maps the ids of ordinary users", tool);
}

static pid_t start_tool(const char *tool, pid_t pid, const char *map)
{
	pid_t child = fork();
	if (child == 0)
		run_tool(tool, pid, map);
	return child;
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

static void map_by_tools(pid_t pid, const struct id_maps *maps)
{
	pid_t users = start_tool("newuidmap", pid, maps->uids), groups = start_tool("newgidmap", pid, maps->gids);
	wait_tool("newuidmap", users);
	wait_tool("newgidmap", groups);
}

/* Gives up changing groups, without which a process may not map its own group. */
static void deny_groups(int process)
{
	if (!write_proc_file(process, "setgroups", "deny"))
		fail_errno("exec/id-map", "Cannot give up changing groups in the user namespace");
}

/*
 * Writes the maps of a process, once a byte comes through `go`: then its namespace is there. Note
 * that the number of the process does not find it in /proc, because that may be of another pid
 * namespace (see mounts/outer-proc.h).
 */
static _Noreturn void run_mapper(pid_t pid, int process, int go, const struct id_maps *maps)
{
	char byte;
	if (read(go, &byte, 1) != 1)
		_exit(EXIT_FAILED); /* the namespace could not be made */
	if (maps->way == MAP_BY_TOOLS) {
		map_by_tools(pid, maps);
		_exit(0);
	}
	if (maps->way == MAP_OWN)
		deny_groups(process);
	write_map(process, "uid_map", maps->uids);
	write_map(process, "gid_map", maps->gids);
	_exit(0);
}

static pid_t start_mapper(const int go[2], const struct id_maps *maps)
{
	cleanup_fd int process = openat(maps->proc, "self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	pid_t self = getpid(), mapper = fork();
	if (mapper < 0)
		fail_errno("exec/userns", "Cannot start the process that maps ids");
	if (mapper > 0)
		return mapper;
	close(go[WRITE_END]);
	run_mapper(self, process, go[READ_END], maps);
}

void enter_user_namespace(const struct id_maps *maps)
{
	int go[2];
	make_pipe(go);
	pid_t mapper = start_mapper(go, maps);
	close(go[READ_END]);
	if (unshare(CLONE_NEWUSER) < 0)
		fail_errno("exec/userns", "Cannot make a user namespace");
	if (write(go[WRITE_END], "", 1) != 1)
		fail_errno("exec/userns", "Cannot start mapping ids");
	int status = wait_end(mapper);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		_exit(EXIT_FAILED); /* it has said why */
	close(go[WRITE_END]);
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		fail_errno("exec/userns", "Cannot become root in the user namespace");
	if (unshare(CLONE_NEWNS) < 0)
		fail_errno("exec/userns-mount", "Cannot make a mount namespace in the user namespace");
}
