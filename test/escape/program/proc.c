/* Processes that are not of this step, by the folders that /proc has for them: some sandboxes see those outside. */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/xattr.h>

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

/* A change of a file of root's to what it is already, so that nobody is harmed where it succeeds. */
typedef long (*change)(int fd, const char *path, const struct stat *now);

static long mode_by_fd(int fd, const char *path, const struct stat *now) { (void)path; return fchmod(fd, now->st_mode & 07777); }
static long mode_by_flag(int fd, const char *path, const struct stat *now)
{
	(void)path;
	long result = syscall(452 /* fchmodat2 */, fd, "", now->st_mode & 07777, AT_EMPTY_PATH);
	return result < 0 && errno == ENOSYS ? fchmod(fd, now->st_mode & 07777) : result;
}
static long mode_by_path(int fd, const char *path, const struct stat *now) { (void)fd; return chmod(path, now->st_mode & 07777); }
static long owner_by_fd(int fd, const char *path, const struct stat *now) { (void)path, (void)now; return fchown(fd, 0, 0); }
static long owner_by_flag(int fd, const char *path, const struct stat *now)
{
	(void)path, (void)now;
	return fchownat(fd, "", 0, 0, AT_EMPTY_PATH);
}
static long owner_by_link(int fd, const char *path, const struct stat *now)
{
	char link[32];
	(void)path, (void)now;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	return chown(link, 0, 0);
}
static long times_by_fd(int fd, const char *path, const struct stat *now)
{
	(void)path;
	return futimens(fd, (const struct timespec[]){now->st_atim, now->st_mtim});
}
static long times_by_path(int fd, const char *path, const struct stat *now)
{
	(void)fd;
	return utimensat(AT_FDCWD, path, (const struct timespec[]){now->st_atim, now->st_mtim}, 0);
}
static const change changes[] = {mode_by_fd,    mode_by_flag,  mode_by_path, owner_by_fd,
                                 owner_by_flag, owner_by_link, times_by_fd,  times_by_path};

static long change_all(const char *path)
{
	struct stat now;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &now) < 0)
		return -1;
	for (size_t i = 0; i < LENGTH(changes); i++)
		say("%s%s", i ? " " : "", changes[i](fd, path, &now) < 0 ? strerrorname_np(errno) : "done");
	return 0;
}

ATTEMPT(attributes_of_version) { return change_all("/proc/version"); }
ATTEMPT(attributes_of_setting) { return change_all("/proc/sys/kernel/ostype"); }
ATTEMPT(attributes_of_network) { return change_all("/proc/net/dev"); }
ATTEMPT(attributes_of_sys) { return change_all("/sys/kernel/uevent_seqnum"); }

static atomic_bool has_ended;
static int exchanged = -1;

/* Has a descriptor be a file of the machine every other moment. */
static void *exchange_descriptor(void *path)
{
	int own = open(path, O_RDONLY | O_CLOEXEC), machine = open("/proc/version", O_RDONLY | O_CLOEXEC);
	while (!has_ended) {
		dup2(own, exchanged);
		dup2(machine, exchanged);
	}
	return NULL;
}

ATTEMPT(attributes_by_exchanged_descriptor)
{
	struct stat before, after;
	pthread_t thread;
	exchanged = open("/tmp/exchanged", O_CREAT | O_RDWR | O_CLOEXEC, 0444);
	if (exchanged < 0 || stat("/proc/version", &before) < 0)
		return -1;
	pthread_create(&thread, NULL, exchange_descriptor, "/tmp/exchanged");
	for (int i = 0; i < 3000; i++)
		fchmod(exchanged, before.st_mode & 07777);
	has_ended = true;
	pthread_join(thread, NULL);
	if (stat("/proc/version", &after) < 0)
		return -1;
	bool is_same = before.st_ctim.tv_sec == after.st_ctim.tv_sec && before.st_ctim.tv_nsec == after.st_ctim.tv_nsec;
	say("%s", is_same ? "as before" : "changed");
	return 0;
}

/* Changes the time of a file by a descriptor of a process that nobody may look into. */
ATTEMPT(attributes_after_change_of_user)
{
	struct stat before, after;
	int fd = open("/proc/version", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &before) < 0 || seteuid(33) < 0 || seteuid(0) < 0)
		return -1;
	if (futimens(fd, (const struct timespec[]){before.st_atim, {before.st_mtim.tv_sec - 1, 0}}) < 0)
		return -1;
	for (int i = 0; i < 200; i++) {
		usleep(10000);
		fstat(fd, &after);
		if (after.st_mtim.tv_sec == before.st_mtim.tv_sec)
			return say("taken back"), 0;
	}
	say("changed");
	return 0;
}
