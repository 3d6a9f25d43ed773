/*
 * New files, which belong to who makes them. The supervisor makes the files of other users than
 * root itself (and those in a directory that passes on another group), and keeps the owner.
 * Everything else is the kernel's business.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/short-path.h"
#include "ownership/owners.h"
#include "supervisor/answers.h"
#include "supervisor/devices.h"
#include "supervisor/ids.h"
#include "supervisor/paths.h"
#include "supervisor/supervisor.h"
#include "supervisor/umask.h"

static mode_t masked(const struct call *call, mode_t mode) { return mode & MODE_BITS & ~umask_of(call); }

static void find_parent(const char *path, char parent[sizeof(struct located)])
{
	size_t length = (size_t)(strrchr(path, '/') - path);
	memcpy(parent, path, length);
	parent[length] = 0;
}

static bool is_root(const struct owner *owner) { return owner->uid == 0 && owner->gid == 0; }

/*
 * Finds the owner that a new file gets; false when that is root. `path` is that of a `struct
 * located`.
 */
static bool find_new_owner(const struct call *call, const char *path, struct owner *owner)
{
	char parent[sizeof(struct located)];
	struct owner above;
	const struct ids *ids = ids_of(call);
	*owner = (struct owner){ids->user[FILES], ids->group[FILES]};
	find_parent(path, parent);
	if (!is_root(owner) || find_owner(call->supervisor->owners, parent, 0, &above))
		owner->gid = group_of_new(call, parent);
	return !is_root(owner);
}

/* Restores the set-id bits of a new file, which a new owner takes away. */
static bool restore_mode(const struct call *call, int fd, mode_t mode)
{
	return !(mode & (S_ISUID | S_ISGID)) || fchmod(fd, masked(call, mode)) == 0;
}

static struct answer hand_over_as(const struct call *call, int file, struct owner owner, uint64_t flags, mode_t mode)
{
	cleanup_fd int fd = file;
	bool given = give_to(call->supervisor->owners, short_path("self/fd/%d", fd).text, 0, owner);
	if (!given || !restore_mode(call, fd, mode))
		return VALUE(-errno);
	return hand_over(call, fd, flags & O_CLOEXEC);
}

/* Makes a file that may get a name later, in the directory `path`. */
static struct answer make_nameless(const struct call *call, int directory, uint64_t path, uint64_t flags, mode_t mode)
{
	struct located located;
	struct owner owner;
	char child_room[sizeof located.path + 2];
	struct buffer child = BUFFER_IN(child_room);
	if (!hold(call, directory, path, 0, &located))
		return CONTINUE;
	append(&child, "%s/.", located.path);
	if (!find_new_owner(call, child.text, &owner))
		return CONTINUE;
	int fd = open(located.path, (int)flags | O_CLOEXEC, masked(call, mode));
	return fd < 0 ? CONTINUE : hand_over_as(call, fd, owner, flags, mode);
}

static struct answer make_named(const struct call *call, int directory, uint64_t path, uint64_t flags, mode_t mode)
{
	struct located located;
	struct owner owner;
	struct stat status;
	if (!hold_parent(call, directory, path, &located) || located.slashes ||
	    !find_new_owner(call, located.path, &owner))
		return CONTINUE;
	bool is_new = lstat(located.path, &status) < 0 && errno == ENOENT;
	if (!is_new)
		return CONTINUE;
	int fd = open(located.path, (int)flags | O_EXCL | O_CLOEXEC | O_NOCTTY, masked(call, mode));
	return fd < 0 ? CONTINUE : hand_over_as(call, fd, owner, flags, mode);
}

static struct answer make_open(const struct call *call, int directory, uint64_t path, uint64_t flags, mode_t mode)
{
	if (flags & O_PATH)
		return CONTINUE;
	struct answer answer = answer_opening(call, directory, path, flags);
	if (answer.kind != ANSWER_CONTINUE)
		return answer;
	if ((flags & O_TMPFILE) == O_TMPFILE)
		return make_nameless(call, directory, path, flags, mode);
	return flags & O_CREAT ? make_named(call, directory, path, flags, mode) : CONTINUE;
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

/*
 * Finds the place and the owner of a file without content; false when the kernel had better make
 * it.
 */
static bool find_new(const struct call *call, int directory, uint64_t path, struct located *located,
                     struct owner *owner)
{
	return hold_parent(call, directory, path, located) && find_new_owner(call, located->path, owner);
}

/* Answers for a file that was made with this result. */
static struct answer made(const struct call *call, int result, const char *path, struct owner owner)
{
	bool given = result == 0 && give_to(call->supervisor->owners, path, AT_SYMLINK_NOFOLLOW, owner);
	return VALUE(given ? 0 : -errno);
}

static struct answer make_directory(const struct call *call, int directory, uint64_t path, mode_t mode)
{
	struct located located;
	struct owner owner;
	if (!find_new(call, directory, path, &located, &owner))
		return CONTINUE;
	return made(call, mkdir(located.path, masked(call, mode)), located.path, owner);
}

struct answer answer_mkdir(const struct call *call)
{
	return make_directory(call, AT_FDCWD, call->args[0], (mode_t)call->args[1]);
}

struct answer answer_mkdirat(const struct call *call)
{
	return make_directory(call, (int)call->args[0], call->args[1], (mode_t)call->args[2]);
}

static struct answer make_symlink(const struct call *call, uint64_t target, int directory, uint64_t path)
{
	struct located located;
	struct owner owner;
	char text[PATH_MAX];
	if (!read_text(call, target, text, sizeof text) || !find_new(call, directory, path, &located, &owner) ||
	    located.slashes)
		return CONTINUE;
	return made(call, symlink(text, located.path), located.path, owner);
}

struct answer answer_symlink(const struct call *call)
{
	return make_symlink(call, call->args[0], AT_FDCWD, call->args[1]);
}

struct answer answer_symlinkat(const struct call *call)
{
	return make_symlink(call, call->args[0], (int)call->args[1], call->args[2]);
}

static struct answer make_node(const struct call *call, int directory, uint64_t path, mode_t mode, uint64_t device)
{
	struct located located;
	struct owner owner;
	if (S_ISCHR(mode) || S_ISBLK(mode))
		return answer_new_device(call, directory, path, mode, device);
	if (!find_new(call, directory, path, &located, &owner) || located.slashes)
		return CONTINUE;
	return made(call, mknod(located.path, mode & ~umask_of(call), (dev_t)device), located.path, owner);
}

struct answer answer_mknod(const struct call *call)
{
	return make_node(call, AT_FDCWD, call->args[0], (mode_t)call->args[1], call->args[2]);
}

struct answer answer_mknodat(const struct call *call)
{
	return make_node(call, (int)call->args[0], call->args[1], (mode_t)call->args[2], call->args[3]);
}
