/* Answers about the owners of files, and calls that give files away. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ownership/owners.h"
#include "supervisor/answers.h"
#include "supervisor/devices.h"
#include "supervisor/ids.h"
#include "supervisor/paths.h"
#include "supervisor/supervisor.h"

#define UNCHANGED UINT32_MAX

/* A file that looks other than the file system says. */
struct look {
	struct owner owner;
	bool is_device;
	struct device device;
};

/*
 * Finds what is written down. Returns false for most files, whose owner is the file
 * system's: the kernel answers for them. Returns nothing about files outside the sandbox.
 */
static bool find_virtual(const struct call *call, int directory, uint64_t path, int flags, struct located *located,
                         struct look *look)
{
	const struct owners *owners = call->supervisor->owners;
	look->is_device = hold_device(call, directory, path, flags, located, &look->device);
	if (look->is_device)
		return true;
	return locate(call, directory, path, flags, located) &&
	       find_owner(owners, located->path, located->flags & AT_SYMLINK_NOFOLLOW, &look->owner) &&
	       hold(call, directory, path, flags, located) && find_owner(owners, located->path, located->flags, &look->owner);
}

/* Answers the kinds of stat. */
static struct answer answer_status(const struct call *call, int directory, uint64_t path, int flags, uint64_t address)
{
	struct located located;
	struct look look;
	struct stat status; /* the kernel's own form on 64-bit architectures */
	if (!find_virtual(call, directory, path, flags, &located, &look) ||
	    syscall(SYS_newfstatat, AT_FDCWD, located.path, &status, located.flags) < 0)
		return CONTINUE;
	status.st_uid = look.owner.uid;
	status.st_gid = look.owner.gid;
	if (look.is_device)
		show_device(&look.device, &status);
	return VALUE(write_memory(call, address, &status, sizeof status) ? 0 : -EFAULT);
}

struct answer answer_stat(const struct call *call) { return answer_status(call, AT_FDCWD, call->args[0], 0, call->args[1]); }
struct answer answer_lstat(const struct call *call)
{
	return answer_status(call, AT_FDCWD, call->args[0], AT_SYMLINK_NOFOLLOW, call->args[1]);
}
struct answer answer_fstat(const struct call *call)
{
	return answer_status(call, (int)call->args[0], 0, AT_EMPTY_PATH, call->args[1]);
}

struct answer answer_newfstatat(const struct call *call)
{
	return answer_status(call, (int)call->args[0], call->args[1], (int)call->args[3], call->args[2]);
}

struct answer answer_statx(const struct call *call)
{
	struct located located;
	struct look look;
	struct statx status;
	if (!find_virtual(call, (int)call->args[0], call->args[1], (int)call->args[2], &located, &look) ||
	    syscall(SYS_statx, AT_FDCWD, located.path, located.flags, (unsigned)call->args[3], &status) < 0)
		return CONTINUE;
	status.stx_uid = look.owner.uid;
	status.stx_gid = look.owner.gid;
	if (look.is_device)
		show_device_in(&look.device, &status);
	return VALUE(write_memory(call, call->args[4], &status, sizeof status) ? 0 : -EFAULT);
}

/* Answers 0 or the error; the kernel answers for a file that is not there. */
static struct answer result_of(bool worked)
{
	if (worked)
		return VALUE(0);
	return errno == ENOENT ? CONTINUE : VALUE(-errno);
}

/*
 * Gives a file away. Note that we change the real owner too, because that has the other effects of
 * the call: it checks the file system, copies the file up, takes set-id bits and capabilities away,
 * and sets the time.
 */
static struct answer give_away(const struct call *call, int directory, uint64_t path, int flags, uint32_t uid,
                               uint32_t gid)
{
	struct owners *owners = call->supervisor->owners;
	struct located located;
	struct owner before = {0, 0};
	struct device device;
	if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) || !hold(call, directory, path, flags, &located))
		return CONTINUE;
	bool is_device = call->supervisor->has_devices && find_device(located.path, located.flags, &device);
	if (is_device)
		before = device.owner;
	else
		owner_of(owners, located.path, located.flags, &before);
	struct owner after = {uid == UNCHANGED ? before.uid : uid, gid == UNCHANGED ? before.gid : gid};
	if (is_device)
		return give_device(call, &located, &device, after);
	if (!may_give(ids_of(call), before, after))
		return VALUE(-EPERM);
	if (uid == UNCHANGED && gid == UNCHANGED)
		return result_of(fchownat(AT_FDCWD, located.path, uid, gid, located.flags) == 0);
	return result_of(give_to(owners, located.path, located.flags, after));
}

struct answer answer_chown(const struct call *call)
{
	return give_away(call, AT_FDCWD, call->args[0], 0, (uint32_t)call->args[1], (uint32_t)call->args[2]);
}

struct answer answer_lchown(const struct call *call)
{
	return give_away(call, AT_FDCWD, call->args[0], AT_SYMLINK_NOFOLLOW, (uint32_t)call->args[1],
	                 (uint32_t)call->args[2]);
}

struct answer answer_fchown(const struct call *call)
{
	return give_away(call, (int)call->args[0], 0, AT_EMPTY_PATH, (uint32_t)call->args[1], (uint32_t)call->args[2]);
}

struct answer answer_fchownat(const struct call *call)
{
	return give_away(call, (int)call->args[0], call->args[1], (int)call->args[4], (uint32_t)call->args[2],
	                 (uint32_t)call->args[3]);
}
