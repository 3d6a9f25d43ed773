#include "chroot/processes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/buffer.h"
#include "base/short-path.h"

/* More than /proc/PID/stat has up to the fields that are read here. */
#define STAT_ROOM 512

/* More ancestors than a process has; a longer chain is a sign that it changed meanwhile. */
#define MAX_ANCESTORS 65536

/* Fields of /proc/PID/stat behind the name of the program. */
struct kinship {
	pid_t parent, group;
};

static bool read_kinship(pid_t pid, struct kinship *kinship)
{
	char text[STAT_ROOM];
	cleanup_fd int fd = open(short_path("/proc/%d/stat", pid).text, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	text[size > 0 ? size : 0] = 0;
	char *at = strrchr(text, ')');
	if (!at || strlen(at) < 4)
		return false;
	at += 4; /* over the state */
	kinship->parent = (pid_t)strtol(at, &at, 10);
	kinship->group = (pid_t)strtol(at, &at, 10);
	return true;
}

void adopt_orphans(void)
{
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		fail_errno("exec/sandbox-setup", "Cannot keep the processes of the step together");
}

bool is_below(pid_t pid, pid_t top)
{
	struct kinship kinship;
	for (int i = 0; i < MAX_ANCESTORS && pid > 1; i++) {
		if (!read_kinship(pid, &kinship))
			return false;
		if (kinship.parent == top)
			return true;
		pid = kinship.parent;
	}
	return false;
}

/* Reads the next process; 0 at the end. */
static pid_t next_process(DIR *processes)
{
	struct dirent *entry;
	uint64_t pid;
	while ((entry = readdir(processes)))
		if (parse_number(entry->d_name, INT32_MAX, &pid))
			return (pid_t)pid;
	return 0;
}

bool is_group_below(pid_t group, pid_t top)
{
	cleanup_directory DIR *processes = opendir("/proc");
	struct kinship kinship;
	bool found = false;
	for (pid_t pid; processes && (pid = next_process(processes));) {
		if (!read_kinship(pid, &kinship) || kinship.group != group)
			continue;
		if (!is_below(pid, top))
			return false;
		found = true;
	}
	return found;
}

size_t signal_below(pid_t top, pid_t except, int number)
{
	cleanup_directory DIR *processes = opendir("/proc");
	size_t count = 0;
	for (pid_t pid; processes && (pid = next_process(processes));)
		if (pid != except && is_below(pid, top))
			count += kill(pid, number) == 0;
	return count;
}

static bool has_children(void)
{
	pid_t ended;
	while ((ended = waitpid(-1, NULL, WNOHANG | __WALL)) > 0)
		;
	return ended == 0 || errno != ECHILD;
}

void end_descendants(void)
{
	while (has_children()) {
		signal_below(getpid(), 0, SIGKILL);
		waitpid(-1, NULL, __WALL);
	}
}
