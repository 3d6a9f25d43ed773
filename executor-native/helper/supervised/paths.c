#include "supervised/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/short-path.h"
#include "chroot/outside.h"
#include "base/walk.h"
#include "supervised/translated.h"
#include "supervisor/notify.h"

/* Linux 5.6: links and `..` stay below the directory that a path begins at. */
#define BELOW_ROOT 0x10
#define NO_MAGIC_LINKS 0x02

/* The number of times that a path is looked up again which others rename meanwhile. */
#define MAX_TRIES 16

void end_place(struct place_in *place) { close_fd_behind(&place->parent); }

/* Looks it up part by part, where the kernel cannot keep a path below a directory. */
static int walk_to(const struct monitor *monitor, const char *path, int flags)
{
	cleanup_walk struct walk at = NO_WALK;
	cleanup_free char *way = copy_text(path);
	size_t length = strlen(way);
	char *slash = strrchr(way, '/'), *name = NULL;
	if (flags & O_NOFOLLOW && length && way[length - 1] != '/' && slash && !is_dot(slash + 1)) {
		name = slash + 1;
		*slash = 0;
	}
	if (!walk(&at, monitor->root, way, WALK_FIND))
		return -errno;
	if (walk_fd(&at) < 0)
		return -ENOENT;
	int fd = name ? openat(walk_fd(&at), name, O_PATH | O_NOFOLLOW | O_CLOEXEC) : fcntl(walk_fd(&at), F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

int open_in_root(const struct monitor *monitor, const char *path, int flags)
{
	struct openat2_how how = {
		.flags = (uint64_t)(O_PATH | O_CLOEXEC | flags),
		.resolve = BELOW_ROOT | NO_MAGIC_LINKS,
	};
	for (int tries = 0; tries < MAX_TRIES; tries++) {
		int fd = (int)syscall(NR_OPENAT2, monitor->root, *path ? path : "/", &how, sizeof how);
		if (fd >= 0 || errno != EAGAIN)
			return fd >= 0 ? fd : errno == ENOSYS || errno == EPERM ? walk_to(monitor, path, flags) : -errno;
	}
	return walk_to(monitor, path, flags);
}

bool path_of(const struct monitor *monitor, int fd, char path[PATH_MAX])
{
	ssize_t length = readlink(proc_path_of(fd).text, path, PATH_MAX - 1);
	path[length > 0 ? length : 0] = 0;
	return length > 0 && cut_root(monitor, path);
}

/* Reads a path, made to begin at the root. Returns 0 or a negative errno; 1 for no path at all. */
static int read_path(const struct monitor *monitor, const struct call *call, struct step_path path, char whole[PATH_MAX])
{
	char text[PATH_MAX], start[PATH_MAX];
	start[0] = text[0] = 0;
	if (path.address == 0 && path.flags & AT_EMPTY_PATH)
		return 1;
	if (!read_text(call, path.address, text, sizeof text))
		return memchr(text, 0, sizeof text) || !text[0] ? -EFAULT : -ENAMETOOLONG;
	if (!text[0])
		return path.flags & AT_EMPTY_PATH ? 1 : -ENOENT;
	if (text[0] != '/' && !find_start(monitor, call, path.directory, start))
		return path.directory == AT_FDCWD ? -ENOENT : -ENOTDIR;
	struct buffer buffer = buffer_in(whole, PATH_MAX);
	append(&buffer, "%s/%s", start, text);
	return buffer.cut ? -ENAMETOOLONG : 0;
}

/* Holds a descriptor of the caller. */
static int hold_descriptor(const struct call *call, int number)
{
	struct short_path path = number == AT_FDCWD ? short_path("/proc/%d/cwd", call->pid)
	                                            : short_path("/proc/%d/fd/%d", call->pid, number);
	cleanup_fd int fd = open(path.text, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -EBADF;
	return still_waits(call) ? take_fd(&fd) : -ESRCH;
}

int hold_path(const struct monitor *monitor, const struct call *call, struct step_path path)
{
	char whole[PATH_MAX];
	int kind = read_path(monitor, call, path, whole);
	if (kind < 0)
		return kind;
	if (kind == 1)
		return hold_descriptor(call, path.directory);
	bool follow = !(path.flags & AT_SYMLINK_NOFOLLOW);
	int outer = hold_shown(monitor, call, whole, follow);
	return outer != NOT_OUTSIDE ? outer : open_in_root(monitor, whole, follow ? 0 : O_NOFOLLOW);
}

int hold_own(const struct monitor *monitor, const struct call *call, struct step_path path)
{
	struct stat status;
	cleanup_fd int held = hold_path(monitor, call, path);
	if (held < 0)
		return held;
	if (fstat(held, &status) < 0)
		return -errno;
	return status.st_uid == monitor->translated->looks->uid ? take_fd(&held) : -EROFS;
}

/* Moves the last name of a path out of it; false when it is none that a file can have. */
static bool cut_name(char *path, struct place_in *place)
{
	size_t length = strlen(path), end = length;
	while (end && path[end - 1] == '/')
		end--;
	place->slashes = end < length;
	path[end] = 0;
	char *slash = strrchr(path, '/');
	if (!slash || !slash[1] || strlen(slash + 1) > NAME_MAX)
		return false;
	strcpy(place->name, slash + 1);
	slash[1] = 0;
	return true;
}

int hold_place(const struct monitor *monitor, const struct call *call, struct step_path path, struct place_in *place)
{
	char whole[PATH_MAX], real[PATH_MAX];
	int error = read_path(monitor, call, path, whole);
	if (error)
		return error < 0 ? error : -ENOENT;
	if (!cut_name(whole, place))
		return strlen(whole) > 1 && strcmp(whole, "/") != 0 ? -ENAMETOOLONG : -EEXIST;
	place->parent = open_in_root(monitor, whole, O_DIRECTORY);
	if (place->parent < 0) {
		error = place->parent;
		place->parent = -1;
		return is_outside(monitor, whole) ? -EPERM : error;
	}
	if (!path_of(monitor, place->parent, real))
		return -ENOENT;
	return is_outside(monitor, real) ? -EPERM : 0;
}

int hold_missing(const struct monitor *monitor, const struct call *call, struct step_path path, struct place_in *place)
{
	char whole[PATH_MAX];
	cleanup_walk struct walk at = NO_WALK;
	int error = read_path(monitor, call, path, whole);
	if (error)
		return error < 0 ? error : -ENOENT;
	place->slashes = whole[strlen(whole) - 1] == '/';
	if (!walk(&at, monitor->root, whole, WALK_FIND))
		return -errno;
	if (at.depth == 0 || at.level[at.depth - 1].fd < 0)
		return -ENOENT;
	if (is_outside(monitor, at.real))
		return -EPERM;
	strcpy(place->name, strrchr(at.real, '/') + 1);
	place->parent = fcntl(at.level[at.depth - 1].fd, F_DUPFD_CLOEXEC, 0);
	return place->parent < 0 ? -errno : 0;
}
