/* Changes of the step's own root by one call each, whose traces the layer must hold. */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "attempt.h"

#define PATH "/changed/file"
#define OTHER "/changed/other"

/* Numbers of the 32-bit calls, the same on every kernel. */
#define I386_OPEN 5
#define I386_UNLINK 10
#define I386_CHMOD 15
#define I386_RENAME 38
#define I386_MKDIR 39
#define I386_SYMLINK 83
#define I386_TRUNCATE 92
#define I386_OPENAT 295

static long bind_socket(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = OTHER};
	return bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address);
}

/* Writes by a map of memory, with the only descriptor closed. */
static long write_map(void)
{
	int fd = open(PATH, O_RDWR);
	char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return map == MAP_FAILED ? -1 : (map[0] = 'm', 0);
}

/* Does a call with a path in memory that 32-bit calls can name. */
static long call_with_path(long number, long second, const char *path)
{
	char *low = low_memory();
	strcpy(low, path);
	strcpy(low + 2048, OTHER);
	return call_i386(number, (long)low, second < 0 ? (long)low + 2048 : second, 0600, 0, 0);
}

static long open_at_i386(void)
{
	char *low = low_memory();
	strcpy(low, OTHER);
	return call_i386(I386_OPENAT, AT_FDCWD, (long)low, O_CREAT | O_WRONLY, 0600, 0);
}

static long crash_with_core(void)
{
	const struct rlimit any = {RLIM_INFINITY, RLIM_INFINITY};
	pid_t pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &any);
		if (chdir("/changed") == 0)
			abort();
	}
	return waitpid(pid, NULL, 0) < 0 ? -1 : 0;
}

#define CALL(name, expression) \
	static long name(void) { return (expression); }

CALL(open_new, open(OTHER, O_RDONLY | O_CREAT, 0600))
CALL(open_truncated, open(PATH, O_RDONLY | O_TRUNC))
CALL(open_written, write(open(PATH, O_WRONLY), "w", 1) == 1 ? 0 : -1)
CALL(open_nameless, linkat(open("/changed", O_TMPFILE | O_RDWR, 0600), "", AT_FDCWD, OTHER, AT_EMPTY_PATH))
CALL(creat_, creat(OTHER, 0600))
CALL(truncate_, truncate(PATH, 0))
CALL(mkdir_, mkdir(OTHER, 0700))
CALL(rmdir_, rmdir("/changed/empty"))
CALL(unlink_, unlink(PATH))
CALL(unlinkat_, unlinkat(AT_FDCWD, PATH, 0))
CALL(rename_, rename(PATH, OTHER))
CALL(exchange, renameat2(AT_FDCWD, PATH, AT_FDCWD, "/changed/empty", RENAME_EXCHANGE))
CALL(link_, link(PATH, OTHER))
CALL(symlink_, symlink("x", OTHER))
CALL(fifo, mkfifo(OTHER, 0600))
CALL(chmod_, chmod(PATH, 0611))
CALL(fchmod_, fchmod(open(PATH, O_RDONLY), 0611))
CALL(fchmodat_, fchmodat(AT_FDCWD, PATH, 0611, 0))
CALL(chown_, chown(PATH, 5, 6))
CALL(lchown_, lchown("/changed/link", 5, 6))
CALL(fchown_, fchown(open(PATH, O_RDONLY), 5, 6))
CALL(fchownat_, fchownat(AT_FDCWD, PATH, 5, 6, 0))
CALL(utimensat_, utimensat(AT_FDCWD, PATH, (struct timespec[]){{1, 0}, {1, 0}}, 0))
CALL(futimens_, futimens(open(PATH, O_RDONLY), (struct timespec[]){{1, 0}, {1, 0}}))
CALL(setxattr_, setxattr(PATH, "user.changed", "y", 1, 0))
CALL(fsetxattr_, fsetxattr(open(PATH, O_RDONLY), "user.changed", "y", 1, 0))
CALL(removexattr_, removexattr(PATH, "user.there"))
CALL(open_i386, call_with_path(I386_OPEN, O_CREAT | O_WRONLY, OTHER))
CALL(unlink_i386, call_with_path(I386_UNLINK, 0, PATH))
CALL(chmod_i386, call_with_path(I386_CHMOD, 0611, PATH))
CALL(rename_i386, call_with_path(I386_RENAME, -1, PATH))
CALL(mkdir_i386, call_with_path(I386_MKDIR, 0700, OTHER))
CALL(symlink_i386, call_with_path(I386_SYMLINK, -1, "x"))
CALL(truncate_i386, call_with_path(I386_TRUNCATE, 0, PATH))

static const struct {
	const char *name;
	attempt function;
} changes[] = {
	{"open_new", open_new},           {"open_truncated", open_truncated}, {"open_written", open_written},
	{"open_nameless", open_nameless}, {"creat", creat_},                  {"truncate", truncate_},
	{"mkdir", mkdir_},                {"rmdir", rmdir_},                  {"unlink", unlink_},
	{"unlinkat", unlinkat_},          {"rename", rename_},                {"exchange", exchange},
	{"link", link_},                  {"symlink", symlink_},              {"fifo", fifo},
	{"chmod", chmod_},                {"fchmod", fchmod_},                {"fchmodat", fchmodat_},
	{"chown", chown_},                {"lchown", lchown_},                {"fchown", fchown_},
	{"fchownat", fchownat_},          {"utimensat", utimensat_},          {"futimens", futimens_},
	{"setxattr", setxattr_},          {"fsetxattr", fsetxattr_},          {"removexattr", removexattr_},
	{"bind", bind_socket},            {"map", write_map},                 {"core", crash_with_core},
	{"open_i386", open_i386},         {"openat_i386", open_at_i386},      {"unlink_i386", unlink_i386},
	{"chmod_i386", chmod_i386},       {"rename_i386", rename_i386},       {"mkdir_i386", mkdir_i386},
	{"symlink_i386", symlink_i386},   {"truncate_i386", truncate_i386},
};

int list_changes(void)
{
	for (size_t i = 0; i < LENGTH(changes); i++)
		puts(changes[i].name);
	return 0;
}

int make_change(const char *name)
{
	for (size_t i = 0; i < LENGTH(changes); i++)
		if (strcmp(changes[i].name, name) == 0)
			return changes[i].function() < 0 ? errno : 0;
	return 127;
}
