#include "ownership/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/buffer.h"

/* Room for a letter and five numbers. */
#define TEXT_ROOM 72

/* Permissions of the file that stands for a device. */
#define CLOSED_MODE (S_IRUSR | S_IWUSR)

static bool is_any_marked(const struct texts *directories)
{
	for (size_t i = 0; i < directories->count; i++)
		if (getxattr(directories->items[i], DEVICES_MARK, NULL, 0) >= 0)
			return true;
	return false;
}

bool has_devices(const struct spec *spec)
{
	if (is_any_marked(&spec->lowers))
		return true;
	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct mount_spec *mount = &spec->mounts[i];
		if (is_any_marked(&mount->lowers) ||
		    (mount->type == MOUNT_BIND && getxattr(mount->source, DEVICES_MARK, NULL, 0) >= 0))
			return true;
	}
	return false;
}

bool makes_device(mode_t mode, uint64_t number) { return S_ISBLK(mode) || (S_ISCHR(mode) && (uint32_t)number); }

static bool read_device(const char *text, struct device *device)
{
	char kind;
	unsigned major, minor, mode;
	if (sscanf(text, "%c:%u:%u:%o:%" SCNu32 ":%" SCNu32, &kind, &major, &minor, &mode, &device->owner.uid,
	           &device->owner.gid) != 6 ||
	    (kind != 'c' && kind != 'b'))
		return false;
	device->mode = (kind == 'c' ? S_IFCHR : S_IFBLK) | (mode & MODE_BITS);
	device->number = makedev(major, minor);
	return true;
}

bool find_device(const char *path, int flags, struct device *device)
{
	char text[TEXT_ROOM];
	struct stat status;
	bool nofollow = flags & AT_SYMLINK_NOFOLLOW;
	ssize_t size = (nofollow ? lgetxattr : getxattr)(path, DEVICE_ATTRIBUTE, text, sizeof text - 1);
	if (size <= 0 || fstatat(AT_FDCWD, path, &status, flags) < 0)
		return false;
	text[size] = 0;
	return S_ISREG(status.st_mode) && status.st_uid == geteuid() && !(status.st_mode & (S_IRWXG | S_IRWXO)) &&
	       read_device(text, device);
}

bool change_device(const char *path, int flags, const struct device *device)
{
	char room[TEXT_ROOM];
	struct buffer text = BUFFER_IN(room);
	append(&text, "%c:%u:%u:%o:%" PRIu32 ":%" PRIu32, S_ISCHR(device->mode) ? 'c' : 'b', major(device->number),
	       minor(device->number), (unsigned)(device->mode & MODE_BITS), device->owner.uid, device->owner.gid);
	return (flags & AT_SYMLINK_NOFOLLOW ? lsetxattr : setxattr)(path, DEVICE_ATTRIBUTE, room, text.length, 0) == 0;
}

void own_device(struct device *device, struct owner owner)
{
	device->owner = owner;
	device->mode &= ~(mode_t)(S_ISUID | (device->mode & S_IXGRP ? S_ISGID : 0));
}

bool make_device(const char *path, const struct device *device)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, CLOSED_MODE);
	if (fd < 0)
		return false;
	if (fchmod(fd, CLOSED_MODE) == 0 && change_device(path, AT_SYMLINK_NOFOLLOW, device))
		return true;
	int error = errno;
	unlink(path);
	errno = error;
	return false;
}

void show_device(const struct device *device, struct stat *status)
{
	status->st_mode = device->mode;
	status->st_rdev = device->number;
	status->st_uid = device->owner.uid;
	status->st_gid = device->owner.gid;
	status->st_size = 0;
	status->st_blocks = 0;
}

void show_device_in(const struct device *device, struct statx *status)
{
	status->stx_mode = (uint16_t)device->mode;
	status->stx_rdev_major = major(device->number);
	status->stx_rdev_minor = minor(device->number);
	status->stx_uid = device->owner.uid;
	status->stx_gid = device->owner.gid;
	status->stx_size = 0;
	status->stx_blocks = 0;
}
