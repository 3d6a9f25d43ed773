/* Answers about files: what they are, whether they may be used, where links lead. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "supervised/answers.h"
#include "supervised/paths.h"
#include "supervised/translated.h"

#define STATUS_FLAGS (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT)

static struct answer write_to(const struct call *call, uint64_t address, const void *data, size_t size)
{
	return VALUE(write_memory(call, address, data, size) ? 0 : -EFAULT);
}

static struct answer write_status(const struct monitor *monitor, const struct call *call, struct step_path path, uint64_t address)
{
	struct stat status; /* the kernel's own form on 64-bit architectures */
	if (path.flags & ~STATUS_FLAGS)
		return VALUE(-EINVAL);
	cleanup_fd int held = hold_path(monitor, call, path);
	if (held < 0)
		return VALUE(held);
	if (syscall(SYS_newfstatat, held, "", &status, AT_EMPTY_PATH) < 0)
		return VALUE(-errno);
	see(monitor->translated->looks, held, &status);
	return write_to(call, address, &status, sizeof status);
}

struct answer translate_stat(const struct monitor *monitor, const struct call *call)
{
	return write_status(monitor, call, (struct step_path){AT_FDCWD, call->args[0], 0}, call->args[1]);
}

struct answer translate_lstat(const struct monitor *monitor, const struct call *call)
{
	return write_status(monitor, call, (struct step_path){AT_FDCWD, call->args[0], AT_SYMLINK_NOFOLLOW}, call->args[1]);
}

struct answer translate_fstat(const struct monitor *monitor, const struct call *call)
{
	return write_status(monitor, call, (struct step_path){(int)call->args[0], 0, AT_EMPTY_PATH}, call->args[1]);
}

struct answer translate_newfstatat(const struct monitor *monitor, const struct call *call)
{
	struct step_path path = {(int)call->args[0], call->args[1], (int)call->args[3]};
	return write_status(monitor, call, path, call->args[2]);
}

struct answer translate_statx(const struct monitor *monitor, const struct call *call)
{
	struct statx status;
	struct stat seen;
	int flags = (int)call->args[2];
	struct step_path path = {(int)call->args[0], call->args[1], flags & STATUS_FLAGS};
	cleanup_fd int held = hold_path(monitor, call, path);
	if (held < 0)
		return VALUE(held);
	if (syscall(SYS_statx, held, "", AT_EMPTY_PATH | (flags & ~STATUS_FLAGS), (unsigned)call->args[3], &status) < 0 ||
	    fstat(held, &seen) < 0)
		return VALUE(-errno);
	see(monitor->translated->looks, held, &seen);
	status.stx_uid = seen.st_uid;
	status.stx_gid = seen.st_gid;
	status.stx_mode = (uint16_t)seen.st_mode;
	if (S_ISCHR(seen.st_mode) || S_ISBLK(seen.st_mode)) {
		status.stx_rdev_major = major(seen.st_rdev);
		status.stx_rdev_minor = minor(seen.st_rdev);
		status.stx_size = status.stx_blocks = 0;
	}
	return write_to(call, call->args[4], &status, sizeof status);
}

/*
 * Returns true when the step may use a file. Everybody may read and write as root does: users of an
 * image are not kept apart.
 */
static struct answer may_use(const struct monitor *monitor, const struct call *call, struct step_path path, int mode)
{
	struct stat status;
	if (mode & ~(R_OK | W_OK | X_OK) || path.flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return VALUE(-EINVAL);
	path.flags &= ~AT_EACCESS;
	cleanup_fd int held = hold_path(monitor, call, path);
	if (held < 0)
		return VALUE(held);
	if (fstat(held, &status) < 0)
		return VALUE(-errno);
	bool runs = S_ISDIR(status.st_mode) || status.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH);
	return VALUE(mode & X_OK && !runs ? -EACCES : 0);
}

struct answer translate_access(const struct monitor *monitor, const struct call *call)
{
	struct answer outside = answer_access_outside(monitor, call);
	struct step_path path = {AT_FDCWD, call->args[0], 0};
	return outside.kind != ANSWER_CONTINUE ? outside : may_use(monitor, call, path, (int)call->args[1]);
}

/* Answers faccessat(2), which has no flags, and faccessat2(2). */
static struct answer access_at(const struct monitor *monitor, const struct call *call, int flags)
{
	struct answer outside = answer_accessat_outside(monitor, call);
	struct step_path path = {(int)call->args[0], call->args[1], flags};
	return outside.kind != ANSWER_CONTINUE ? outside : may_use(monitor, call, path, (int)call->args[2]);
}

struct answer translate_faccessat(const struct monitor *monitor, const struct call *call)
{
	return access_at(monitor, call, 0);
}

struct answer translate_faccessat2(const struct monitor *monitor, const struct call *call)
{
	return access_at(monitor, call, (int)call->args[3]);
}

static struct answer read_link(const struct monitor *monitor, const struct call *call, struct step_path path,
                               uint64_t address, int64_t room)
{
	char text[PATH_MAX];
	if (room <= 0)
		return VALUE(-EINVAL);
	path.flags = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;
	cleanup_fd int held = hold_path(monitor, call, path);
	if (held < 0)
		return VALUE(held);
	ssize_t length = readlinkat(held, "", text, sizeof text);
	if (length < 0)
		return VALUE(errno == ENOENT ? -EINVAL : -errno);
	size_t count = length < room ? (size_t)length : (size_t)room;
	return VALUE(write_memory(call, address, text, count) ? (int64_t)count : -EFAULT);
}

struct answer translate_readlink(const struct monitor *monitor, const struct call *call)
{
	struct answer outside = answer_readlink_outside(monitor, call);
	struct step_path path = {AT_FDCWD, call->args[0], 0};
	if (outside.kind != ANSWER_CONTINUE)
		return outside;
	return read_link(monitor, call, path, call->args[1], (int32_t)call->args[2]);
}

struct answer translate_readlinkat(const struct monitor *monitor, const struct call *call)
{
	struct answer outside = answer_readlinkat_outside(monitor, call);
	struct step_path path = {(int)call->args[0], call->args[1], 0};
	if (outside.kind != ANSWER_CONTINUE)
		return outside;
	return read_link(monitor, call, path, call->args[2], (int32_t)call->args[3]);
}

struct answer translate_statfs(const struct monitor *monitor, const struct call *call)
{
	struct statfs status;
	cleanup_fd int held = hold_path(monitor, call, (struct step_path){AT_FDCWD, call->args[0], 0});
	if (held < 0)
		return VALUE(held);
	return fstatfs(held, &status) < 0 ? VALUE(-errno) : write_to(call, call->args[1], &status, sizeof status);
}
