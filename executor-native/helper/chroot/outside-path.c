/* Paths that lead out of the root: from a caller's memory to what it may see. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/short-path.h"
#include "base/walk.h"
#include "chroot/outside.h"
#include "roots/terminals.h"
#include "supervisor/notify.h"

/* Linux 5.6: links and `..` stay below the directory that a path begins at. */
#define RESOLVE_BELOW_ROOT 0x10

bool is_inside(const char *path, const char *directory)
{
	size_t length = strlen(directory);
	return strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == 0);
}

bool is_virtual(const char *path) { return is_inside(path, "/proc") || is_inside(path, "/sys"); }

void normalize(char *path)
{
	char *to = path;
	for (const char *at = path; *at;) {
		size_t length = strcspn(at, "/");
		bool is_up = length == 2 && at[0] == '.' && at[1] == '.';
		if (is_up) {
			while (to > path && *--to != '/')
				;
		} else if (length && !(length == 1 && at[0] == '.')) {
			*to++ = '/';
			memmove(to, at, length);
			to += length;
		}
		at += length + (at[length] == '/');
	}
	*to = 0;
}

bool cut_root(const struct monitor *monitor, char path[PATH_MAX])
{
	size_t length = strlen(monitor->root_path);
	if (!is_inside(path, monitor->root_path))
		return false;
	memmove(path, path + length, strlen(path + length) + 1);
	return true;
}

bool read_own_link(const struct call *call, const char *link, char text[PATH_MAX])
{
	struct caller identity;
	ssize_t length = readlink(link, text, PATH_MAX - 1);
	if (length < 0 && errno == EACCES && read_identity(call, &identity)) {
		take_identity(&identity);
		length = readlink(link, text, PATH_MAX - 1);
		end_identity();
	}
	text[length > 0 ? length : 0] = 0;
	return length > 0;
}

bool find_start(const struct monitor *monitor, const struct call *call, int directory, char path[PATH_MAX])
{
	struct short_path link = directory == AT_FDCWD ? short_path("/proc/%d/cwd", call->pid)
	                                               : short_path("/proc/%d/fd/%d", call->pid, directory);
	return read_own_link(call, link.text, path) && cut_root(monitor, path);
}

const char *given_device(const struct monitor *monitor, const char *path)
{
	const struct spec *spec = monitor->spec;
	for (size_t i = 0; monitor->translated && i < spec->mount_count; i++)
		if (spec->mounts[i].type == MOUNT_DEVICE && strcmp(spec->mounts[i].dest, path) == 0)
			return spec->mounts[i].source;
	return NULL;
}

bool is_device(const struct monitor *monitor, const char *path)
{
	if (given_device(monitor, path))
		return true;
	if (monitor->terminals && (is_maker(path) || is_terminal(path)))
		return true;
	static const char *const devices[] = {"/dev/null",   "/dev/zero",    "/dev/full",
	                                      "/dev/random", "/dev/urandom", "/dev/tty"};
	for (size_t i = 0; monitor->lends_devices && i < LENGTH(devices); i++)
		if (strcmp(path, devices[i]) == 0)
			return true;
	return false;
}

bool is_outside(const struct monitor *monitor, const char *path) { return is_virtual(path) || is_device(monitor, path); }

/*
 * Returns true when the root has the file, so that the path leads nowhere else. With translated
 * paths, `path` becomes that of the file: directories of /proc that were listed leave names in the
 * root, which stand for others.
 */
static bool is_in_root(const struct monitor *monitor, char path[PATH_MAX], bool follow)
{
	char real[PATH_MAX];
	cleanup_fd int fd = open_below(monitor->root, path, RESOLVE_BELOW_ROOT, O_PATH | (follow ? 0 : O_NOFOLLOW));
	if (fd < 0)
		return errno != ENOENT && errno != ENOSYS && errno != EPERM;
	ssize_t length = readlink(proc_path_of(fd).text, real, sizeof real - 1);
	real[length > 0 ? length : 0] = 0;
	if (!monitor->translated || !cut_root(monitor, real) || !is_outside(monitor, real))
		return true;
	strcpy(path, real);
	return false;
}

/* Follows the links of the root on the way; false when that leads to nothing outside. */
static bool follow_links(const struct monitor *monitor, bool follow, char path[PATH_MAX])
{
	cleanup_walk struct walk at = NO_WALK;
	cleanup_free char *way = copy_text(path);
	char *slash = strrchr(way, '/'), *name = follow ? "" : copy_text(slash);
	if (!follow)
		*slash = 0;
	if (!walk(&at, monitor->root, way, WALK_FIND))
		return false;
	struct buffer found = buffer_in(path, PATH_MAX);
	append(&found, "%s%s", at.real, name);
	return !found.cut && is_virtual(path);
}

bool follow_outside(const struct monitor *monitor, bool follow, char path[PATH_MAX])
{
	normalize(path);
	if (is_outside(monitor, path))
		return true;
	return *path && !is_in_root(monitor, path, follow) &&
	       (is_outside(monitor, path) || follow_links(monitor, follow, path));
}

bool read_step_path(const struct monitor *monitor, const struct call *call, int directory, uint64_t address,
               char path[PATH_MAX])
{
	char text[PATH_MAX], start[PATH_MAX];
	start[0] = 0;
	if (!read_step_text(call, address, text, sizeof text) || !text[0])
		return false;
	if (text[0] != '/' && !find_start(monitor, call, directory, start))
		return false;
	struct buffer whole = buffer_in(path, PATH_MAX);
	append(&whole, "%s/%s", start, text);
	return !whole.cut;
}

bool find_path(const struct monitor *monitor, const struct call *call, int directory, uint64_t address, bool follow,
               char path[PATH_MAX])
{
	if (!read_step_path(monitor, call, directory, address, path))
		return false;
	follow = follow || path[strlen(path) - 1] == '/';
	return follow_outside(monitor, follow, path);
}
