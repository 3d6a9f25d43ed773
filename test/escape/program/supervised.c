/* Paths to what is outside for whoever resolves them with more rights than the step has. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/xattr.h>

#include "attempt.h"

static long chown_text(const char *format, const char *text)
{
	char path[8192];
	snprintf(path, sizeof path, format, text);
	return chown(path, 5, 5);
}

ATTEMPT(chown_by_own_root) { return chown_text("//proc/self/root%s", outside.file); }
ATTEMPT(chown_by_thread_root) { return chown_text("//proc/thread-self/root%s", outside.file); }
ATTEMPT(chown_by_first_root) { return chown_text("//proc/1/root%s", outside.file); }
ATTEMPT(chown_by_first_cwd) { return chown_text("/.//proc/1/cwd%s", outside.file); }
ATTEMPT(chown_first_exe) { return chown("/proc/1/exe", 5, 5); }
ATTEMPT(chown_first_exe_odd) { return chown("//proc/1/exe", 5, 5); }
ATTEMPT(chown_first_exe_dots) { return chown("/tmp/../proc/1/exe", 5, 5); }
ATTEMPT(chown_program) { return chown(outside.program, 5, 5); }

ATTEMPT(chown_first_exe_by_link)
{
	symlink("/proc/1/exe", "/tmp/exe");
	return chown("/tmp/exe", 5, 5);
}

ATTEMPT(chown_first_exe_by_directory_link)
{
	symlink("/proc/1", "/tmp/first");
	return chown("/tmp/first/exe", 5, 5);
}

ATTEMPT(chown_first_exe_below_proc) { return fchownat(open("/proc", O_RDONLY), "1/exe", 5, 5, 0); }
ATTEMPT(chown_first_exe_below_path_descriptor) { return fchownat(open("/proc/1", O_PATH), "exe", 5, 5, 0); }

ATTEMPT(chown_first_exe_from_there)
{
	if (chdir("/proc/1") < 0)
		return -1;
	return chown("exe", 5, 5);
}

ATTEMPT(chown_first_exe_as_empty_path)
{
	return fchownat(open("/proc/1/exe", O_PATH | O_NOFOLLOW), "", 5, 5, AT_EMPTY_PATH);
}

ATTEMPT(chown_first_descriptors)
{
	int changed = 0;
	for (int fd = 0; fd < 64; fd++) {
		char path[32];
		snprintf(path, sizeof path, "//proc/1/fd/%d", fd);
		changed += chown(path, 5, 5) == 0;
	}
	say("%d changed", changed);
	return 0;
}

ATTEMPT(stat_first_exe_odd) { struct stat status; return stat("//proc/1/exe", &status); }
ATTEMPT(attribute_of_first_exe) { return setxattr("//proc/1/exe", "user.tsbuild.owner", "5:5", 3, 0); }
ATTEMPT(mode_of_first_exe) { return chmod("//proc/1/exe", 06777); }
ATTEMPT(chown_negative_descriptor) { return fchown(-5, 5, 5); }
ATTEMPT(chown_huge_descriptor) { return fchown(0x7fffffff, 5, 5); }
ATTEMPT(chown_long_descriptor) { return syscall(SYS_fchown, 0xffffffff00000fffl, 5, 5); }

/* The supervisor makes files for other users than root itself. */
static long as_somebody(void) { return setresgid(33, 33, 33) < 0 || setresuid(33, 33, 33) < 0 ? -1 : 0; }

ATTEMPT(make_below_first) { return as_somebody() < 0 ? -1 : mkdir("//proc/1/cwd/tmp/made", 0777); }
ATTEMPT(make_below_first_root) { return as_somebody() < 0 ? -1 : try_open("/.//proc/1/root/tmp/made", O_CREAT | O_WRONLY); }

ATTEMPT(make_below_link_to_first)
{
	symlink("/proc/1/cwd", "/tmp/there");
	return as_somebody() < 0 ? -1 : symlink("x", "/tmp/there/made");
}

ATTEMPT(make_past_the_root)
{
	char path[8192];
	snprintf(path, sizeof path, "../../../../../..%s.made", outside.file);
	return as_somebody() < 0 ? -1 : mknod(path, S_IFIFO | 0666, 0);
}

static atomic_bool done;
static char text[4096];

/* Rewrites the path in memory while it is being looked at. */
static void *rewrite(void *nothing)
{
	(void)nothing;
	while (!done) {
		memcpy(text, "/tmp/plain/../plain/f", 22);
		memcpy(text, "//proc/1/./././././exe", 23);
	}
	return NULL;
}

ATTEMPT(path_rewritten)
{
	pthread_t thread;
	mkdir("/tmp/plain", 0777);
	close(open("/tmp/plain/f", O_CREAT | O_WRONLY | O_CLOEXEC, 0666));
	strcpy(text, "/tmp/plain/f");
	pthread_create(&thread, NULL, rewrite, NULL);
	for (int i = 0; i < 1000; i++)
		chown(text, 5, 5);
	done = true;
	pthread_join(thread, NULL);
	say("tried");
	return 0;
}

/* Swaps a directory with a link to what the first process has. */
static void *swap(void *nothing)
{
	(void)nothing;
	while (!done)
		syscall(SYS_renameat2, AT_FDCWD, "/tmp/swap/a", AT_FDCWD, "/tmp/swap/b", 2 /* RENAME_EXCHANGE */);
	return NULL;
}

ATTEMPT(directory_swapped)
{
	pthread_t thread;
	mkdir("/tmp/swap", 0777);
	mkdir("/tmp/swap/a", 0777);
	close(open("/tmp/swap/a/exe", O_CREAT | O_WRONLY | O_CLOEXEC, 0666));
	symlink("/proc/1", "/tmp/swap/b");
	pthread_create(&thread, NULL, swap, NULL);
	for (int i = 0; i < 1000; i++)
		chown("/tmp/swap/a/exe", 5, 5);
	done = true;
	pthread_join(thread, NULL);
	say("tried");
	return 0;
}

/* The same limit by a call that the supervisor does not see: what it holds is a number of ids that the step had, or none. */
ATTEMPT(own_ids_by_i386_limit)
{
	unsigned *limit = low_memory();
	limit[0] = 4000000, limit[1] = 0xffffffff;
	setresuid(33, 33, 33);
	if (call_i386(75, RLIMIT_LOCKS, (long)limit, 0, 0, 0) < 0)
		return -1;
	return chown("//proc/1/exe", 5, 5) == 0 || chown(outside.program, 5, 5) == 0 ? 1 : (errno = EPERM, -1);
}

/* Reads the limit that holds the ids which processes believe to have, where owners are virtual. */
ATTEMPT(own_ids_by_limit)
{
	struct rlimit limit = {12345, RLIM_INFINITY};
	setresuid(33, 33, 33);
	setrlimit(RLIMIT_LOCKS, &limit);
	say("%u", getuid());
	return 0;
}
