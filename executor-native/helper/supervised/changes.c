/* Answers to calls that change what a file looks like: mode, owner, size, times. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

#include "base/short-path.h"
#include "supervised/answers.h"
#include "supervised/paths.h"
#include "supervised/translated.h"
#include "supervisor/ids.h"

#define UNCHANGED UINT32_MAX
#define MICROSECOND 1000

static struct answer result_of(bool worked) { return VALUE(worked ? 0 : -errno); }

/* Reads how a file that is held looks to the step. */
static bool look_at(const struct monitor *monitor, int held, struct stat *status)
{
	if (fstat(held, status) < 0)
		return false;
	see(monitor->translated->looks, held, status);
	return true;
}

static struct answer change_mode(const struct monitor *monitor, const struct call *call, struct step_path path, mode_t mode)
{
	struct stat status;
	const struct ids *ids = ids_of(call);
	cleanup_fd int held = hold_own(monitor, call, path);
	if (held < 0)
		return VALUE(held);
	if (!look_at(monitor, held, &status))
		return VALUE(-errno);
	if (S_ISLNK(status.st_mode))
		return VALUE(-EOPNOTSUPP);
	if (ids->user[FILES] != 0 && ids->user[FILES] != status.st_uid)
		return VALUE(-EPERM);
	status.st_mode = (status.st_mode & S_IFMT) | (mode & MODE_BITS);
	return result_of(make_look(monitor->translated->looks, held, &status));
}

struct answer translate_chmod(const struct monitor *monitor, const struct call *call)
{
	return change_mode(monitor, call, (struct step_path){AT_FDCWD, call->args[0], 0}, (mode_t)call->args[1]);
}

struct answer translate_fchmod(const struct monitor *monitor, const struct call *call)
{
	struct step_path path = {(int)call->args[0], 0, AT_EMPTY_PATH};
	return change_mode(monitor, call, path, (mode_t)call->args[1]);
}

struct answer translate_fchmodat(const struct monitor *monitor, const struct call *call)
{
	struct step_path path = {(int)call->args[0], call->args[1], 0};
	return change_mode(monitor, call, path, (mode_t)call->args[2]);
}

struct answer translate_fchmodat2(const struct monitor *monitor, const struct call *call)
{
	struct step_path path = {(int)call->args[0], call->args[1], (int)call->args[3]};
	if (path.flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return VALUE(-EINVAL);
	return change_mode(monitor, call, path, (mode_t)call->args[2]);
}

static struct answer give_away(const struct monitor *monitor, const struct call *call, struct step_path path, uint32_t uid,
                               uint32_t gid)
{
	struct stat status;
	if (path.flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return VALUE(-EINVAL);
	cleanup_fd int held = hold_own(monitor, call, path);
	if (held < 0)
		return VALUE(held);
	if (!look_at(monitor, held, &status))
		return VALUE(-errno);
	struct owner before = {status.st_uid, status.st_gid};
	struct owner after = {uid == UNCHANGED ? before.uid : uid, gid == UNCHANGED ? before.gid : gid};
	if (!may_give(ids_of(call), before, after))
		return VALUE(-EPERM);
	status.st_uid = after.uid;
	status.st_gid = after.gid;
	if (!S_ISDIR(status.st_mode))
		status.st_mode &= ~(mode_t)(S_ISUID | (status.st_mode & S_IXGRP ? S_ISGID : 0));
	if (make_look(monitor->translated->looks, held, &status))
		return VALUE(0);
	/* Pipes and files outside the root have no owner of the step. */
	return VALUE(S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) ? 0 : -errno);
}

struct answer translate_chown(const struct monitor *monitor, const struct call *call)
{
	struct step_path path = {AT_FDCWD, call->args[0], 0};
	return give_away(monitor, call, path, (uint32_t)call->args[1], (uint32_t)call->args[2]);
}

struct answer translate_lchown(const struct monitor *monitor, const struct call *call)
{
	struct step_path path = {AT_FDCWD, call->args[0], AT_SYMLINK_NOFOLLOW};
	return give_away(monitor, call, path, (uint32_t)call->args[1], (uint32_t)call->args[2]);
}

struct answer translate_fchown(const struct monitor *monitor, const struct call *call)
{
	struct step_path path = {(int)call->args[0], 0, AT_EMPTY_PATH};
	return give_away(monitor, call, path, (uint32_t)call->args[1], (uint32_t)call->args[2]);
}

struct answer translate_fchownat(const struct monitor *monitor, const struct call *call)
{
	struct step_path path = {(int)call->args[0], call->args[1], (int)call->args[4]};
	return give_away(monitor, call, path, (uint32_t)call->args[2], (uint32_t)call->args[3]);
}

struct answer translate_truncate(const struct monitor *monitor, const struct call *call)
{
	cleanup_fd int held = hold_own(monitor, call, (struct step_path){AT_FDCWD, call->args[0], 0});
	return held < 0 ? VALUE(held) : result_of(truncate(proc_path_of(held).text, (off_t)call->args[1]) == 0);
}

/* Sets the times of a file; NULL for now. */
static struct answer set_times(const struct monitor *monitor, const struct call *call, struct step_path path,
                               const struct timespec times[2])
{
	if (path.flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return VALUE(-EINVAL);
	cleanup_fd int held = hold_own(monitor, call, path);
	return held < 0 ? VALUE(held) : result_of(utimensat(AT_FDCWD, proc_path_of(held).text, times, 0) == 0);
}

struct answer translate_utime(const struct monitor *monitor, const struct call *call)
{
	struct utimbuf seconds;
	struct step_path path = {AT_FDCWD, call->args[0], 0};
	if (!call->args[1])
		return set_times(monitor, call, path, NULL);
	if (!read_memory(call, call->args[1], &seconds, sizeof seconds))
		return VALUE(-EFAULT);
	struct timespec times[2] = {{seconds.actime, 0}, {seconds.modtime, 0}};
	return set_times(monitor, call, path, times);
}

static struct answer set_micro_times(const struct monitor *monitor, const struct call *call, struct step_path path,
                                     uint64_t address)
{
	struct timeval micro[2];
	if (!address)
		return set_times(monitor, call, path, NULL);
	if (!read_memory(call, address, micro, sizeof micro))
		return VALUE(-EFAULT);
	struct timespec times[2] = {{micro[0].tv_sec, micro[0].tv_usec * MICROSECOND},
	                            {micro[1].tv_sec, micro[1].tv_usec * MICROSECOND}};
	return set_times(monitor, call, path, times);
}

struct answer translate_utimes(const struct monitor *monitor, const struct call *call)
{
	return set_micro_times(monitor, call, (struct step_path){AT_FDCWD, call->args[0], 0}, call->args[1]);
}

struct answer translate_futimesat(const struct monitor *monitor, const struct call *call)
{
	struct step_path path = {(int)call->args[0], call->args[1], call->args[1] ? 0 : AT_EMPTY_PATH};
	return set_micro_times(monitor, call, path, call->args[2]);
}

struct answer translate_utimensat(const struct monitor *monitor, const struct call *call)
{
	struct timespec times[2];
	/* Without a path it is about the descriptor. */
	struct step_path path = {(int)call->args[0], call->args[1], (int)call->args[3] | (call->args[1] ? 0 : AT_EMPTY_PATH)};
	if (!call->args[2])
		return set_times(monitor, call, path, NULL);
	if (!read_memory(call, call->args[2], times, sizeof times))
		return VALUE(-EFAULT);
	return set_times(monitor, call, path, times);
}
