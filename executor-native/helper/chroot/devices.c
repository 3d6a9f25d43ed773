#include "chroot/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/short-path.h"
#include "chroot/outside.h"

bool may_have_devices(const struct monitor *monitor, int directory)
{
	char path[PATH_MAX];
	ssize_t length = readlink(proc_path_of(directory).text, path, sizeof path - 1);
	path[length > 0 ? length : 0] = 0;
	if (!cut_root(monitor, path) || is_virtual(path) || is_inside(path, "/dev"))
		return false;
	for (size_t i = 0; i < monitor->spec->mount_count; i++)
		if (is_inside(path, monitor->spec->mounts[i].dest))
			return false;
	return true;
}

int make_device_in(const struct monitor *monitor, int directory, const char *name, const struct device *device)
{
	cleanup_free char *path = format_text("%s/%s", proc_path_of(directory).text, name);
	if (!make_device(path, device))
		return -errno;
	setxattr(monitor->root_path, DEVICES_MARK, "1", 1, 0);
	*monitor->has_devices = *monitor->may_have_changed = true;
	return 0;
}

/* Holds what a call is about, in the root; -1 where that cannot be known. */
static int hold_subject(const struct monitor *monitor, const struct call *call, const struct subject *subject)
{
	struct outside inside = {.kind = IN_ROOT};
	struct caller identity;
	if (!read_identity(call, &identity))
		return -1;
	bool has_path = subject->path && read_step_path(monitor, call, subject->directory, subject->path, inside.path);
	if (!has_path && subject->path && !(subject->flags & AT_EMPTY_PATH))
		return -1;
	take_identity(&identity);
	int held = has_path ? hold_outside(monitor, &inside, !(subject->flags & AT_SYMLINK_NOFOLLOW))
	                    : open(short_path("/proc/%d/fd/%d", call->pid, subject->directory).text, O_PATH | O_CLOEXEC);
	end_identity();
	return held;
}

int hold_device_inside(const struct monitor *monitor, const struct call *call, const struct subject *subject,
                struct device *device)
{
	if (!*monitor->has_devices)
		return -1;
	cleanup_fd int held = hold_subject(monitor, call, subject);
	bool is_device = held >= 0 && find_device(proc_path_of(held).text, 0, device) && still_waits(call);
	return is_device ? take_fd(&held) : -1;
}

bool opens_device(const struct monitor *monitor, const struct call *call, int directory, uint64_t path, uint64_t flags)
{
	struct device device;
	const struct subject subject = {directory, path, flags & O_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0};
	bool makes = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
	cleanup_fd int held = flags & (O_PATH | O_DIRECTORY) || makes ? -1 : hold_device_inside(monitor, call, &subject, &device);
	return held >= 0;
}

/* Holds the directory of a file that is to be made, and cuts its name off; a negative errno. */
static int hold_above(const struct monitor *monitor, const struct caller *identity, struct outside *inside, const char **name)
{
	char *slash = strrchr(inside->path, '/');
	if (!slash[1] || is_dot(slash + 1) || strlen(slash + 1) > NAME_MAX)
		return -ENOENT;
	*slash = 0;
	*name = slash + 1;
	take_identity(identity);
	int held = hold_outside(monitor, inside, true);
	int error = errno;
	end_identity();
	return held < 0 ? -error : held;
}

static uint32_t group_in(int directory, uint32_t own)
{
	struct stat status;
	return fstat(directory, &status) == 0 && status.st_mode & S_ISGID ? status.st_gid : own;
}

/*
 * Answers for a new file. Note that the kernel never makes a device, as it would be the machine's:
 * the kind is in a register, where nobody exchanges it.
 */
static struct answer make_node(const struct monitor *monitor, const struct call *call, int directory, uint64_t path,
                               mode_t mode, uint64_t number)
{
	struct caller identity;
	struct outside inside = {.kind = IN_ROOT};
	const char *name;
	if (!S_ISCHR(mode) && !S_ISBLK(mode))
		return CONTINUE;
	if (!makes_device(mode, number) || !read_identity(call, &identity) || identity.files_user != 0)
		return VALUE(-EPERM);
	if (!read_step_path(monitor, call, directory, path, inside.path))
		return VALUE(-ENOENT);
	cleanup_fd int above = hold_above(monitor, &identity, &inside, &name);
	if (above < 0)
		return VALUE(above);
	if (!may_have_devices(monitor, above))
		return VALUE(-EPERM);
	const struct device device = {
		.mode = (mode & S_IFMT) | (mode & MODE_BITS & ~identity.umask),
		.number = (dev_t)(uint32_t)number,
		.owner = {identity.files_user, group_in(above, identity.files_group)},
	};
	return VALUE(make_device_in(monitor, above, name, &device));
}

struct answer answer_mknod_inside(const struct monitor *monitor, const struct call *call)
{
	return make_node(monitor, call, AT_FDCWD, call->args[0], (mode_t)call->args[1], call->args[2]);
}

struct answer answer_mknodat_inside(const struct monitor *monitor, const struct call *call)
{
	return make_node(monitor, call, (int)call->args[0], call->args[1], (mode_t)call->args[2], call->args[3]);
}
