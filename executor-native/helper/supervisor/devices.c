#include "supervisor/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "supervisor/answers.h"
#include "supervisor/ids.h"
#include "supervisor/supervisor.h"
#include "supervisor/umask.h"

bool hold_device(const struct call *call, int directory, uint64_t path, int flags, struct located *located,
                 struct device *device)
{
	return call->supervisor->has_devices && locate(call, directory, path, flags, located) &&
	       find_device(located->path, located->flags & AT_SYMLINK_NOFOLLOW, device) &&
	       hold(call, directory, path, flags, located) && find_device(located->path, located->flags, device);
}

uint32_t group_of_new(const struct call *call, const char *directory)
{
	struct owner above;
	struct stat status;
	uint32_t own = ids_of(call)->group[FILES];
	if (stat(directory, &status) < 0 || !(status.st_mode & S_ISGID))
		return own;
	return owner_of(call->supervisor->owners, directory, 0, &above) ? above.gid : own;
}

/*
 * Ends this attempt to run the step. Note that another filter is needed, which the command gets
 * before it begins.
 */
static _Noreturn void begin_again(const struct supervisor *supervisor)
{
	kill(supervisor->init, SIGKILL);
	_exit(EXIT_NEEDS_DEVICES);
}

/* Writes the path of the directory of a file that is to be made. */
static void find_directory(const struct located *located, char directory[sizeof located->path])
{
	strcpy(directory, located->path);
	*strrchr(directory, '/') = 0;
}

struct answer answer_new_device(const struct call *call, int directory, uint64_t path, mode_t mode, uint64_t number)
{
	struct located located;
	char above[sizeof located.path];
	const struct ids *ids = ids_of(call);
	if (!makes_device(mode, number) || ids->user[EFFECTIVE] != 0 || !hold_parent(call, directory, path, &located) ||
	    located.slashes)
		return CONTINUE;
	find_directory(&located, above);
	if (!is_on_root(call, above))
		return CONTINUE;
	if (!call->supervisor->has_devices)
		begin_again(call->supervisor);
	const struct device device = {
		.mode = (mode & S_IFMT) | (mode & MODE_BITS & ~umask_of(call)),
		.number = (dev_t)(uint32_t)number,
		.owner = {ids->user[FILES], group_of_new(call, above)},
	};
	if (!make_device(located.path, &device))
		return VALUE(-errno);
	setxattr("/", DEVICES_MARK, "1", 1, 0); /* the mark is on the upper directory */
	return VALUE(0);
}

struct answer answer_opening(const struct call *call, int directory, uint64_t path, uint64_t flags)
{
	struct located located;
	struct device device;
	bool makes = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
	if (flags & (O_PATH | O_DIRECTORY) || makes ||
	    !hold_device(call, directory, path, flags & O_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0, &located, &device))
		return CONTINUE;
	return VALUE(-ENXIO);
}

struct answer give_device(const struct call *call, const struct located *located, struct device *device,
                          struct owner after)
{
	if (!may_give(ids_of(call), device->owner, after))
		return VALUE(-EPERM);
	own_device(device, after);
	return VALUE(change_device(located->path, located->flags, device) ? 0 : -errno);
}

static struct answer change_mode(const struct call *call, int directory, uint64_t path, int flags, uint64_t mode)
{
	struct located located;
	struct device device;
	const struct ids *ids = ids_of(call);
	if (!hold_device(call, directory, path, flags, &located, &device))
		return CONTINUE;
	if (ids->user[FILES] != 0 && ids->user[FILES] != device.owner.uid)
		return VALUE(-EPERM);
	device.mode = (device.mode & S_IFMT) | ((mode_t)mode & MODE_BITS);
	return VALUE(change_device(located.path, located.flags, &device) ? 0 : -errno);
}

struct answer answer_chmod(const struct call *call)
{
	return change_mode(call, AT_FDCWD, call->args[0], 0, call->args[1]);
}

struct answer answer_fchmod(const struct call *call)
{
	return change_mode(call, (int)call->args[0], 0, AT_EMPTY_PATH, call->args[1]);
}

struct answer answer_fchmodat(const struct call *call)
{
	return change_mode(call, (int)call->args[0], call->args[1], 0, call->args[2]);
}

struct answer answer_fchmodat2(const struct call *call)
{
	return change_mode(call, (int)call->args[0], call->args[1], (int)call->args[3], call->args[2]);
}
