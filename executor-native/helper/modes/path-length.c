#include "modes/path-length.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"

/* A path that grows and shrinks. It has room for a name more than the kernel takes. */
struct long_path {
	char text[PATH_MAX + NAME_MAX + 2];
	size_t length;
};

/* Names of directories, one after the other, each ended by NUL. */
struct names {
	char *text;
	size_t used, room;
};

static DIR *open_path(const struct long_path *path)
{
	cleanup_fd int fd = open(path->text, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	if (directory)
		take_fd(&fd);
	return directory;
}

static bool is_directory(DIR *directory, const struct dirent *entry)
{
	struct stat status;
	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

static void push(struct long_path *path, const char *name)
{
	size_t size = strlen(name) + 1;
	path->text[path->length] = '/';
	memcpy(path->text + path->length + 1, name, size);
	path->length += size;
}

static void cut(struct long_path *path, size_t length)
{
	path->length = length;
	path->text[length] = 0;
}

static void add_name(struct names *names, const char *name)
{
	size_t size = strlen(name) + 1;
	if (names->used + size > names->room) {
		names->room = 2 * (names->used + size);
		names->text = resize(names->text, names->room, 1);
	}
	memcpy(names->text + names->used, name, size);
	names->used += size;
}

/* Reads the directories in one. True, with the whole path, when an entry is too long. */
static bool read_directory(struct long_path *path, struct names *names)
{
	struct dirent *entry;
	cleanup_directory DIR *directory = open_path(path);
	while (directory && (entry = readdir(directory))) {
		if (is_dot(entry->d_name))
			continue;
		if (path->length + strlen(entry->d_name) + 1 >= PATH_MAX) {
			push(path, entry->d_name);
			return true;
		}
		if (is_directory(directory, entry))
			add_name(names, entry->d_name);
	}
	return false;
}

/*
 * Searches below a path. Returns true, with the whole path, when one is too long. Closes the
 * directory before it enters the inner ones, because thousands of levels would need as many
 * descriptors.
 */
static bool look(struct long_path *path)
{
	struct names names = {0};
	size_t length = path->length;
	bool found = read_directory(path, &names);
	for (const char *name = names.text; !found && name && name < names.text + names.used; name += strlen(name) + 1) {
		push(path, name);
		found = look(path);
		if (!found)
			cut(path, length);
	}
	free(names.text);
	return found;
}

char *find_too_long(const char *directory)
{
	struct long_path path = {.length = strlen(directory)};
	if (path.length >= PATH_MAX)
		return copy_text(directory);
	memcpy(path.text, directory, path.length + 1);
	return look(&path) ? copy_text(path.text) : NULL;
}
