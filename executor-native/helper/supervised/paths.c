#include "supervised/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
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

void end_place(struct place_in *place) { close_fd_behind(&place->parent); }

/* Looks a path up part by part, where the kernel cannot keep a path below a directory. */
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
	int fd = open_below(monitor->root, path, BELOW_ROOT | NO_MAGIC_LINKS, O_PATH | flags);
	if (fd >= 0)
		return fd;
	return errno == EAGAIN || errno == ENOSYS || errno == EPERM ? walk_to(monitor, path, flags) : -errno;
}

bool path_of(const struct monitor *monitor, int fd, char path[PATH_MAX])
{
	ssize_t length = readlink(proc_path_of(fd).text, path, PATH_MAX - 1);
	path[length > 0 ? length : 0] = 0;
	return length > 0 && cut_root(monitor, path);
}

/* Makes a path begin at the root. Returns 0 or a negative errno. */
static int make_whole(const struct monitor *monitor, const struct call *call, int directory, const char *text,
                      char whole[PATH_MAX])
{
	char start[PATH_MAX];
	start[0] = 0;
	if (text[0] != '/' && !find_start(monitor, call, directory, start))
		return directory == AT_FDCWD ? -ENOENT : -ENOTDIR;
	struct buffer buffer = buffer_in(whole, PATH_MAX);
	append(&buffer, "%s/%s", start, text);
	return buffer.cut ? -ENAMETOOLONG : 0;
}

/* Reads a path, made to begin at the root. Returns 0 or a negative errno; 1 for no path at all. */
static int read_path(const struct monitor *monitor, const struct call *call, struct step_path path, char whole[PATH_MAX])
{
	char text[PATH_MAX];
	text[0] = 0;
	if (path.address == 0 && path.flags & AT_EMPTY_PATH)
		return 1;
	if (!read_text(call, path.address, text, sizeof text))
		return memchr(text, 0, sizeof text) || !text[0] ? -EFAULT : -ENAMETOOLONG;
	if (!text[0])
		return path.flags & AT_EMPTY_PATH ? 1 : -ENOENT;
	return make_whole(monitor, call, path.directory, text, whole);
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

static int hold_whole(const struct monitor *monitor, const struct call *call, const char *whole, bool follow)
{
	int outer = hold_shown(monitor, call, whole, follow);
	return outer != NOT_OUTSIDE ? outer : open_in_root(monitor, whole, follow ? 0 : O_NOFOLLOW);
}

int hold_text(const struct monitor *monitor, const struct call *call, const char *text)
{
	char whole[PATH_MAX];
	int error = make_whole(monitor, call, AT_FDCWD, text, whole);
	return error ? error : hold_whole(monitor, call, whole, true);
}

int hold_path(const struct monitor *monitor, const struct call *call, struct step_path path)
{
	char whole[PATH_MAX];
	int kind = read_path(monitor, call, path, whole);
	if (kind < 0)
		return kind;
	if (kind == 1)
		return hold_descriptor(call, path.directory);
	return hold_whole(monitor, call, whole, !(path.flags & AT_SYMLINK_NOFOLLOW));
}

/* Numbers of the ends of pseudo terminals that programs use (devices.txt of the kernel). */
#define FIRST_TERMINAL_MAJOR 136
#define LAST_TERMINAL_MAJOR 143

static bool is_pseudo_terminal(const struct stat *status)
{
	unsigned number = major(status->st_rdev);
	return number >= FIRST_TERMINAL_MAJOR && number <= LAST_TERMINAL_MAJOR;
}

int hold_own(const struct monitor *monitor, const struct call *call, struct step_path path)
{
	struct stat status;
	cleanup_fd int held = hold_path(monitor, call, path);
	if (held < 0)
		return held;
	if (fstat(held, &status) < 0)
		return -errno;
	/* The root has no devices, so that this is one of the machine, whoever owns it. */
	bool is_lent = S_ISBLK(status.st_mode) || (S_ISCHR(status.st_mode) && !is_pseudo_terminal(&status));
	return !is_lent && status.st_uid == monitor->translated->looks->uid ? take_fd(&held) : -EROFS;
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

/* Finds the place of a whole path, which it cuts. */
static int hold_whole_place(const struct monitor *monitor, char whole[PATH_MAX], struct place_in *place)
{
	char real[PATH_MAX];
	if (!cut_name(whole, place))
		return strlen(whole) > 1 && strcmp(whole, "/") != 0 ? -ENAMETOOLONG : -EEXIST;
	place->parent = open_in_root(monitor, whole, O_DIRECTORY);
	if (place->parent < 0) {
		int error = place->parent;
		place->parent = -1;
		return is_outside(monitor, whole) ? -EPERM : error;
	}
	if (!path_of(monitor, place->parent, real))
		return -ENOENT;
	return is_outside(monitor, real) ? -EPERM : 0;
}

int hold_place(const struct monitor *monitor, const struct call *call, struct step_path path, struct place_in *place)
{
	char whole[PATH_MAX];
	int error = read_path(monitor, call, path, whole);
	if (error)
		return error < 0 ? error : -ENOENT;
	return hold_whole_place(monitor, whole, place);
}

int hold_text_place(const struct monitor *monitor, const struct call *call, const char *text, struct place_in *place)
{
	char whole[PATH_MAX];
	int error = make_whole(monitor, call, AT_FDCWD, text, whole);
	return error ? error : hold_whole_place(monitor, whole, place);
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
