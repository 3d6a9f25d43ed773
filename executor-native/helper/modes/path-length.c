#include "modes/path-length.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"

/* Longer than any path: what did not fit stays readable for a message. */
static char path[PATH_MAX + NAME_MAX + 2];

static DIR *open_path(void)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	if (fd >= 0 && !directory)
		close(fd);
	return directory;
}

static bool is_directory(DIR *directory, const struct dirent *entry)
{
	struct stat status;
	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

/* The directory is closed before its own are looked into: thousands of levels would need as many descriptors. */
static bool look(size_t length)
{
	DIR *directory = open_path();
	struct dirent *entry;
	char *names = NULL;
	size_t used = 0, room = 0;
	bool found = false;
	if (!directory)
		return false;
	while (!found && (entry = readdir(directory))) {
		size_t size = strlen(entry->d_name) + 1;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (length + size >= PATH_MAX) {
			path[length] = '/';
			memcpy(path + length + 1, entry->d_name, size);
			found = true;
		} else if (is_directory(directory, entry)) {
			if (used + size > room && !(names = realloc(names, room = 2 * (used + size))))
				fail("exec/sandbox-setup", "Cannot look through what the step made: there is no memory");
			memcpy(names + used, entry->d_name, size);
			used += size;
		}
	}
	closedir(directory);
	for (size_t at = 0; !found && at < used;) {
		size_t size = strlen(names + at) + 1;
		path[length] = '/';
		memcpy(path + length + 1, names + at, size);
		at += size;
		found = look(length + size);
	}
	free(names);
	if (!found)
		path[length] = 0;
	return found;
}

const char *too_long_below(const char *directory)
{
	size_t length = strlen(directory);
	if (length >= PATH_MAX)
		return directory;
	memcpy(path, directory, length + 1);
	return look(length) ? path : NULL;
}
