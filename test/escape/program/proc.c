/* Processes that are not of this step, by the folders that /proc has for them: some sandboxes see those outside. */
#include <dirent.h>
#include <signal.h>

#include "attempt.h"

/* Files of a process that show its memory and environment, and links to what it has open. */
static const char *const secrets[] = {"environ", "mem", "maps", "auxv", "pagemap", "syscall", "stack", "fd/0", "fd/3", "root/", "cwd/", "exe", "ns/mnt"};
/* Files by which the same user changes a process. */
static const char *const settings[] = {"oom_score_adj", "coredump_filter", "clear_refs", "comm", "autogroup", "timerslack_ns", "setgroups", "uid_map"};

/* Returns the number that /proc has for the parent of a process, which has that number there. */
static int parent_of(const char *pid)
{
	char line[256], path[512];
	int parent = 0;
	snprintf(path, sizeof path, "/proc/%s/status", pid);
	FILE *file = fopen(path, "re");
	while (file && !parent && fgets(line, sizeof line, file))
		sscanf(line, "PPid: %d", &parent);
	if (file)
		fclose(file);
	return parent;
}

/* Returns true when a process is the first of this step: the parent of what made this one. */
static bool is_first(const char *pid)
{
	char parent[32];
	snprintf(parent, sizeof parent, "%d", parent_of("self"));
	return atoi(pid) == parent_of(parent);
}

/* Returns true when a process is of this step, which may look at it. */
static bool is_own(const char *pid)
{
	char own[64], other[64], path[512];
	snprintf(path, sizeof path, "/proc/%s/ns/pid", pid);
	ssize_t length = readlink("/proc/self/ns/pid", own, sizeof own);
	bool same = length > 0 && readlink(path, other, sizeof other) == length && memcmp(own, other, (size_t)length) == 0;
	return same || is_first(pid);
}

/* Calls the function for every other process, with its number in /proc, and returns how often it says yes. */
static void each_other(long (*try)(const char *pid, const char *name), const char *const *names, size_t count)
{
	DIR *proc = opendir("/proc");
	int reached = 0;
	for (struct dirent *entry; proc && (entry = readdir(proc));) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9' || is_own(entry->d_name))
			continue;
		for (size_t i = 0; i < count; i++)
			if (try(entry->d_name, names[i]) >= 0 && reached++ < 8)
				say(" %s/%s", entry->d_name, names[i]);
	}
	say("%s", reached ? "" : "none");
}

static long read_one(const char *pid, const char *name)
{
	char byte;
	char path[512];
	snprintf(path, sizeof path, "/proc/%s/%s", pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -1;
	struct stat status;
	/* Some open, and refuse to be read. */
	long result = fstat(fd, &status) == 0 && S_ISDIR(status.st_mode) ? 0 : read(fd, &byte, 1) > 0 ? 0 : -1;
	close(fd);
	return result;
}

static long open_writable(const char *pid, const char *name) { return try_open_text(O_WRONLY, "/proc/%s/%s", pid, name); }

/* By the folder of a process: pidfd_send_signal takes it in the place of a pidfd. */
static long signal_one(const char *pid, const char *name)
{
	char path[512];
	snprintf(path, sizeof path, "/proc/%s%s", pid, name);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long result = fd < 0 ? -1 : syscall(424, fd, 0, NULL, 0);
	close(fd);
	return result;
}

ATTEMPT(others_in_proc)
{
	each_other(read_one, secrets, LENGTH(secrets));
	return 0;
}

ATTEMPT(others_changed_by_proc)
{
	each_other(open_writable, settings, LENGTH(settings));
	return 0;
}

ATTEMPT(others_signalled_by_proc)
{
	static const char *const folder[] = {""};
	each_other(signal_one, folder, 1);
	return 0;
}
