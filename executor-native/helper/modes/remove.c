#include "modes/remove.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modes/modes.h"
#include "base/util.h"

#define CODE "exec/remove"

/* Opens a directory that this process may not read. By its descriptor: the name may be a link to elsewhere by now. */
static int open_closed(int parent, const char *name, dev_t device)
{
	char path[64];
	struct stat status;
	int opened = -1, fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		return -1;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	errno = EXDEV;
	if (status.st_dev == device && chmod(path, 0700) == 0)
		opened = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = errno;
	close(fd);
	errno = error;
	return opened;
}

static DIR *open_directory(int parent, const char *name, dev_t device)
{
	struct stat status;
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EACCES) /* not root inside the namespace */
		fd = open_closed(parent, name, device);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) < 0 || status.st_dev != device) {
		close(fd);
		errno = EXDEV;
		return NULL;
	}
	DIR *directory = fdopendir(fd);
	if (!directory)
		close(fd);
	return directory;
}

/* Unlinks everything that is no directory; false with the name of the first directory that is not empty. */
static bool empty(DIR *directory, char *name)
{
	struct dirent *entry;
	while ((entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(directory), entry->d_name, entry->d_type == DT_DIR ? AT_REMOVEDIR : 0) == 0 || errno == ENOENT)
			continue;
		if (errno == EACCES) { /* the directory itself is not writable */
			fchmod(dirfd(directory), 0700);
			if (unlinkat(dirfd(directory), entry->d_name, entry->d_type == DT_DIR ? AT_REMOVEDIR : 0) == 0)
				continue;
		}
		if (errno != ENOTEMPTY && errno != EEXIST && errno != EISDIR && errno != EACCES)
			fail_errno(CODE, "Cannot remove \"%s\"", entry->d_name);
		strcpy(name, entry->d_name);
		return false;
	}
	return true;
}

/* False when another process that removes the same tree took the directory away that this one was in. */
static bool try_remove_tree(const char *path)
{
	struct stat status;
	char name[256];
	if (lstat(path, &status) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return true;
		fail_errno(CODE, "Cannot remove \"%s\"", path);
	}
	if (!S_ISDIR(status.st_mode)) {
		if (unlink(path) < 0 && errno != ENOENT)
			fail_errno(CODE, "Cannot remove \"%s\"", path);
		return true;
	}
	if (rmdir(path) == 0)
		return true;

	/* Depth first without recursion or a descriptor for every level: `..` of an emptied directory leads back, and is checked in case someone moved it. */
	struct level {
		char *name;
		ino_t outer;
	};
	dev_t device = status.st_dev;
	size_t depth = 0, room = 64;
	struct level *levels = allocate(sizeof *levels * room);
	DIR *directory = open_directory(AT_FDCWD, path, device);
	if (!directory) {
		if (errno != ENOENT)
			fail_errno(CODE, "Cannot open \"%s\"", path);
		free(levels);
		return true;
	}
	for (;;) {
		if (!empty(directory, name)) {
			DIR *inner = open_directory(dirfd(directory), name, device);
			if (!inner && errno == ENOENT)
				continue;
			if (!inner)
				fail_errno(CODE, "Cannot open \"%s\" below \"%s\"", name, path);
			if (depth == room && !(levels = realloc(levels, sizeof *levels * (room *= 2))))
				fail_errno(CODE, "Cannot remove \"%s\"", path);
			if (fstat(dirfd(directory), &status) < 0)
				fail_errno(CODE, "Cannot remove \"%s\"", path);
			levels[depth++] = (struct level){format_text("%s", name), status.st_ino};
			closedir(directory);
			directory = inner;
			continue;
		}
		if (depth == 0)
			break;
		DIR *outer = open_directory(dirfd(directory), "..", device);
		bool lost = !outer && errno == ENOENT;
		closedir(directory);
		if (lost) {
			while (depth > 0)
				free(levels[--depth].name);
			free(levels);
			return false;
		}
		if (!outer || fstat(dirfd(outer), &status) < 0)
			fail_errno(CODE, "Cannot go back up in \"%s\"", path);
		if (status.st_ino != levels[--depth].outer)
			fail(CODE, "Cannot remove \"%s\": it is being changed by another process", path);
		directory = outer;
		char *done = levels[depth].name;
		if (unlinkat(dirfd(directory), done, AT_REMOVEDIR) < 0 && errno != ENOENT)
			fail_errno(CODE, "Cannot remove \"%s\" below \"%s\"", done, path);
		free(done);
	}
	closedir(directory);
	free(levels);
	if (rmdir(path) < 0 && errno != ENOENT)
		fail_errno(CODE, "Cannot remove \"%s\"", path);
	return true;
}

void remove_tree(const char *path)
{
	/* Ends: the other process removes too. */
	while (!try_remove_tree(path))
		;
}

int mode_remove(void)
{
	size_t size;
	char *paths = read_all(0, &size, "the paths to remove");
	for (char *path = paths; path < paths + size; path += strlen(path) + 1)
		remove_tree(path);
	return 0;
}
