/*
 * Files belong to who makes them: where that is not root (or the directory passes on a group that is not root's), the supervisor makes them itself, and
 * keeps the owner. Everything else is the kernel's business.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ownership/owners.h"
#include "seccomp/notify.h"
#include "supervisor/call.h"

static mode_t umask_of(const struct call *call)
{
	char path[64], text[4096];
	snprintf(path, sizeof path, "%d/status", call->pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	text[size > 0 ? size : 0] = 0;
	const char *line = strstr(text, "\nUmask:");
	return line ? (mode_t)strtoul(line + strlen("\nUmask:"), NULL, 8) : 022;
}

/* False when the new file will be root's. */
static bool find_new_owner(const struct call *call, const char *located, struct owner *owner)
{
	char parent[PATH_ROOM + 64];
	struct owner above = {0, 0};
	struct stat status;
	const struct ids *ids = ids_of(call);
	*owner = (struct owner){ids->user[FILES], ids->group[FILES]};
	snprintf(parent, sizeof parent, "%.*s", (int)(strrchr(located, '/') - located), located);
	bool is_virtual = find_owner(parent, 0, &above);
	if ((is_virtual || owner->uid != 0 || owner->gid != 0) && stat(parent, &status) == 0 && status.st_mode & S_ISGID)
		owner->gid = is_virtual ? above.gid : status.st_gid;
	return owner->uid != 0 || owner->gid != 0;
}

/* Gives the caller the open file, as the result of its call. */
static struct answer hand_over(const struct call *call, int fd, bool close_on_exec)
{
	struct notify_add add = {.id = call->id, .flags = NOTIFY_ADD_SEND, .from = (uint32_t)fd, .to_flags = close_on_exec ? O_CLOEXEC : 0};
	struct answer answer = {ANSWER_SENT, 0};
	int number = ioctl(call->listener, NOTIFY_ADD, &add);
	if (number < 0 && errno == EINVAL) {
		add.flags = 0;
		number = ioctl(call->listener, NOTIFY_ADD, &add);
		answer = VALUE(number);
	}
	if (number < 0)
		answer = VALUE(-errno); /* the caller has no descriptor left, for example */
	close(fd);
	return answer;
}

static struct answer hand_over_as(const struct call *call, int fd, struct owner owner, uint64_t flags, mode_t mode)
{
	char path[32];
	snprintf(path, sizeof path, "self/fd/%d", fd);
	/* A new owner takes set-id bits away. */
	if (!give_to(path, 0, owner) || (mode & (S_ISUID | S_ISGID) && fchmod(fd, mode & 07777 & ~umask_of(call)) < 0)) {
		int error = errno;
		close(fd);
		return VALUE(-error);
	}
	return hand_over(call, fd, flags & O_CLOEXEC);
}

/* A file that may get a name later, in the directory `path`. */
static struct answer make_nameless(const struct call *call, int directory, uint64_t path, uint64_t flags, mode_t mode)
{
	struct located located;
	struct owner owner;
	char child[sizeof located.path + 2];
	if (!hold(call, directory, path, 0, &located))
		return CONTINUE;
	snprintf(child, sizeof child, "%s/.", located.path);
	if (!find_new_owner(call, child, &owner))
		return CONTINUE;
	int fd = open(located.path, (int)flags | O_CLOEXEC, mode & 07777 & ~umask_of(call));
	return fd < 0 ? CONTINUE : hand_over_as(call, fd, owner, flags, mode);
}

static struct answer make_open(const struct call *call, int directory, uint64_t path, uint64_t flags, mode_t mode)
{
	struct located located;
	struct owner owner;
	struct stat status;
	if (flags & O_PATH)
		return CONTINUE;
	if ((flags & O_TMPFILE) == O_TMPFILE)
		return make_nameless(call, directory, path, flags, mode);
	if (!(flags & O_CREAT))
		return CONTINUE;
	if (!hold_parent(call, directory, path, &located) || located.slashes || !find_new_owner(call, located.path, &owner))
		return CONTINUE;
	if (lstat(located.path, &status) == 0 || errno != ENOENT)
		return CONTINUE;
	int fd = open(located.path, (int)flags | O_EXCL | O_CLOEXEC | O_NOCTTY, mode & 07777 & ~umask_of(call));
	if (fd < 0)
		return CONTINUE;
	return hand_over_as(call, fd, owner, flags, mode);
}

struct answer answer_open(const struct call *call)
{
	return make_open(call, AT_FDCWD, call->args[0], call->args[1], (mode_t)call->args[2]);
}

struct answer answer_openat(const struct call *call)
{
	return make_open(call, (int)call->args[0], call->args[1], call->args[2], (mode_t)call->args[3]);
}

struct answer answer_openat2(const struct call *call)
{
	struct openat2_how how;
	if (call->args[3] != sizeof how || !read_memory(call, call->args[2], &how, sizeof how) || how.resolve)
		return CONTINUE;
	return make_open(call, (int)call->args[0], call->args[1], how.flags, (mode_t)how.mode);
}

struct answer answer_creat(const struct call *call)
{
	return make_open(call, AT_FDCWD, call->args[0], O_CREAT | O_WRONLY | O_TRUNC, (mode_t)call->args[1]);
}

/* `made`: what the call that made it returned. */
static struct answer made(int result, const char *located, struct owner owner)
{
	if (result < 0)
		return VALUE(-errno);
	return VALUE(give_to(located, AT_SYMLINK_NOFOLLOW, owner) ? 0 : -errno);
}

static struct answer make_directory(const struct call *call, int directory, uint64_t path, mode_t mode)
{
	struct located located;
	struct owner owner;
	if (!hold_parent(call, directory, path, &located) || !find_new_owner(call, located.path, &owner))
		return CONTINUE;
	return made(mkdir(located.path, mode & 07777 & ~umask_of(call)), located.path, owner);
}

struct answer answer_mkdir(const struct call *call) { return make_directory(call, AT_FDCWD, call->args[0], (mode_t)call->args[1]); }

struct answer answer_mkdirat(const struct call *call)
{
	return make_directory(call, (int)call->args[0], call->args[1], (mode_t)call->args[2]);
}

static struct answer make_symlink(const struct call *call, uint64_t target, int directory, uint64_t path)
{
	struct located located;
	char text[PATH_ROOM];
	struct owner owner;
	if (!read_text(call, target, text, sizeof text) || !hold_parent(call, directory, path, &located) || located.slashes ||
	    !find_new_owner(call, located.path, &owner))
		return CONTINUE;
	return made(symlink(text, located.path), located.path, owner);
}

struct answer answer_symlink(const struct call *call) { return make_symlink(call, call->args[0], AT_FDCWD, call->args[1]); }
struct answer answer_symlinkat(const struct call *call) { return make_symlink(call, call->args[0], (int)call->args[1], call->args[2]); }

static struct answer make_node(const struct call *call, int directory, uint64_t path, mode_t mode, uint64_t device)
{
	struct located located;
	struct owner owner;
	if (S_ISCHR(mode) || S_ISBLK(mode) || !hold_parent(call, directory, path, &located) || located.slashes ||
	    !find_new_owner(call, located.path, &owner))
		return CONTINUE;
	return made(mknod(located.path, mode & ~umask_of(call), (dev_t)device), located.path, owner);
}

struct answer answer_mknod(const struct call *call)
{
	return make_node(call, AT_FDCWD, call->args[0], (mode_t)call->args[1], call->args[2]);
}

struct answer answer_mknodat(const struct call *call)
{
	return make_node(call, (int)call->args[0], call->args[1], (mode_t)call->args[2], call->args[3]);
}
