/* Opens files of /proc and /sys, without rights to their content. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "chroot/outside.h"
#include "roots/terminals.h"

/* Linux 5.6: how a path is not to leave its directory. */
#define NO_MOUNTS 0x01
#define NO_MAGIC_LINKS 0x02
#define BENEATH 0x08
#define BELOW_ROOT 0x10

/*
 * Opens a file on which a part of the same file system is mounted, as containers do to make it
 * read-only; of another one it hides something.
 */
static int open_mounted(int directory, const char *path, int flags)
{
	struct stat top, found;
	cleanup_fd int fd = open_below(directory, path, NO_MAGIC_LINKS | BENEATH, flags);
	bool is_same = fd >= 0 && fstat(directory, &top) == 0 && fstat(fd, &found) == 0 && top.st_dev == found.st_dev;
	if (is_same)
		return take_fd(&fd);
	errno = ENOENT;
	return -1;
}

static int open_outer(const char *path, int flags)
{
	bool is_sys = strncmp(path, "/sys", strlen("/sys")) == 0;
	const char *top = is_sys ? "/sys" : "/proc";
	cleanup_fd int directory = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = directory < 0 ? -1 : open_below(directory, path + strlen(top), NO_MOUNTS | NO_MAGIC_LINKS | BENEATH, flags);
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return open(path, flags | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EXDEV)
		return open_mounted(directory, path + strlen(top), flags);
	if (fd < 0 && errno == ELOOP && !(flags & O_NOFOLLOW))
		errno = ENOENT;
	return fd;
}

static int open_found(const struct monitor *monitor, const struct outside *outside, bool follow)
{
	int flags = O_PATH | (follow ? 0 : O_NOFOLLOW);
	switch (outside->kind) {
	case IN_ROOT:
		return open_below(monitor->root, outside->path, BELOW_ROOT, flags);
	case OUTER:
		return open_outer(outside->path, flags);
	case LENT_DEVICE:
		if (given_device(monitor, outside->path))
			return open(given_device(monitor, outside->path), O_PATH | O_CLOEXEC);
		if (monitor->terminals && is_terminal(outside->path))
			return hold_terminal(monitor->terminals, outside->path);
		return open(is_maker(outside->path) ? "/dev/ptmx" : outside->path, O_PATH | O_CLOEXEC);
	case OPENED:
		return open(outside->path, O_PATH | O_CLOEXEC);
	}
	return -1;
}

int hold_outside(const struct monitor *monitor, const struct outside *outside, bool follow)
{
	cleanup_fd int fd = open_found(monitor, outside, follow);
	if (fd < 0)
		return -1;
	if ((outside->kind == OUTER || outside->kind == OPENED) && !is_still_shown(monitor, outside->path)) {
		errno = ENOENT;
		return -1;
	}
	return take_fd(&fd);
}
