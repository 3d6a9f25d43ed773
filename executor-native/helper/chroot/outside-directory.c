/* Directories of /proc and /sys as the step sees them: copies of the names, made when asked for. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "chroot/outside.h"

#define READABLE_DIRECTORY 0755
#define READABLE_FILE 0444

/* Opens a directory in the root, which is made when it is missing; -1 with errno. */
static int open_inside(const struct monitor *monitor, const char *path)
{
	char name[NAME_MAX + 1];
	int at = fcntl(monitor->root, F_DUPFD_CLOEXEC, 0);
	while (at >= 0 && *(path += strspn(path, "/"))) {
		size_t length = strcspn(path, "/");
		memcpy(name, path, length);
		name[length] = 0;
		path += length;
		mkdirat(at, name, READABLE_DIRECTORY);
		int inner = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close(at);
		at = inner;
	}
	return at;
}

/* Removes names that were copied earlier; directories that are not empty stay. */
static void clear(int directory)
{
	struct dirent *entry;
	cleanup_directory DIR *names = fdopendir(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	while (names && (entry = readdir(names)))
		if (!is_dot(entry->d_name))
			unlinkat(directory, entry->d_name, entry->d_type == DT_DIR ? AT_REMOVEDIR : 0);
}

/* Makes a link with the text of another, which leads to the same file where the root has it. */
static void copy_link(const struct monitor *monitor, int outer, int inner, const char *name)
{
	char text[PATH_MAX];
	ssize_t length = readlinkat(outer, name, text, sizeof text - 1);
	if (length < 0) { /* another user's */
		mknodat(inner, name, S_IFREG | READABLE_FILE, 0);
		return;
	}
	text[length] = 0;
	if (cut_root(monitor, text) && !text[0])
		strcpy(text, "/");
	if (symlinkat(text, inner, name) < 0)
		return;
}

static void copy_name(const struct monitor *monitor, int outer, int inner, const struct dirent *entry)
{
	if (entry->d_type == DT_DIR)
		mkdirat(inner, entry->d_name, READABLE_DIRECTORY);
	else if (entry->d_type == DT_LNK)
		copy_link(monitor, outer, inner, entry->d_name);
	else
		mknodat(inner, entry->d_name, S_IFREG | READABLE_FILE, 0);
}

int open_mirror(const struct monitor *monitor, const char *shown, int outer)
{
	struct dirent *entry;
	cleanup_directory DIR *names = fdopendir(openat(outer, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (!names)
		return -1;
	end_identity();
	cleanup_fd int inner = open_inside(monitor, shown);
	if (inner < 0)
		return -1;
	clear(inner);
	while ((entry = readdir(names)))
		if (!is_dot(entry->d_name) && is_shown(monitor, shown, entry->d_name))
			copy_name(monitor, dirfd(names), inner, entry);
	return take_fd(&inner);
}
