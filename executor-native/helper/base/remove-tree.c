#include "base/remove-tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/short-path.h"
#include "base/util.h"

#define CODE "exec/remove"
#define FIRST_ROOM 64

/*
 * A tree that is being removed, depth first without recursion or a descriptor for every level: `..`
 * of an emptied directory leads back, and is checked in case someone moved it.
 */
struct removal {
	const char *path;
	dev_t device;
	DIR *directory; /* that is being emptied */
	size_t depth, room;
	struct level {
		char *name;  /* of the directory that was entered */
		ino_t outer; /* inode of the directory that it is in */
	} *levels;
};

static _Noreturn void cannot_remove(const char *path) { fail_errno(CODE, "Cannot remove \"%s\"", path); }

/*
 * Opens a directory that this process may not read. It does so by its descriptor, because the name
 * may be a link to elsewhere by now.
 */
static int open_closed(int parent, const char *name, dev_t device)
{
	struct stat status;
	cleanup_fd int fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		return -1;
	errno = EXDEV;
	struct short_path path = proc_path_of(fd);
	if (status.st_dev != device || chmod(path.text, 0700) < 0)
		return -1;
	return open(path.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Opens a directory of this device; NULL with errno. */
static DIR *open_directory(int parent, const char *name, dev_t device)
{
	struct stat status;
	cleanup_fd int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EACCES) /* not root inside the namespace */
		fd = open_closed(parent, name, device);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) < 0 || status.st_dev != device) {
		errno = EXDEV;
		return NULL;
	}
	DIR *directory = fdopendir(fd);
	if (directory)
		take_fd(&fd);
	return directory;
}

/* Removes an entry, an empty directory included; false with errno. */
static bool remove_entry(DIR *directory, const struct dirent *entry)
{
	int flags = entry->d_type == DT_DIR ? AT_REMOVEDIR : 0;
	if (unlinkat(dirfd(directory), entry->d_name, flags) == 0 || errno == ENOENT)
		return true;
	if (errno != EACCES)
		return false;
	fchmod(dirfd(directory), 0700); /* the directory itself is not writable */
	return unlinkat(dirfd(directory), entry->d_name, flags) == 0;
}

/*
 * Unlinks everything that is no directory; false with the name of the first directory that is not
 * empty.
 */
static bool empty(DIR *directory, char name[NAME_MAX + 1])
{
	struct dirent *entry;
	while ((entry = readdir(directory))) {
		if (is_dot(entry->d_name) || remove_entry(directory, entry))
			continue;
		if (errno != ENOTEMPTY && errno != EEXIST && errno != EISDIR && errno != EACCES)
			cannot_remove(entry->d_name);
		strcpy(name, entry->d_name);
		return false;
	}
	return true;
}

static void push(struct removal *removal, const char *name, ino_t outer)
{
	if (removal->depth == removal->room) {
		removal->room = removal->room ? 2 * removal->room : FIRST_ROOM;
		removal->levels = resize(removal->levels, removal->room, sizeof *removal->levels);
	}
	removal->levels[removal->depth++] = (struct level){copy_text(name), outer};
}

/* Goes on in a directory of the present one. */
static void go_to(struct removal *removal, DIR *directory)
{
	closedir(removal->directory);
	removal->directory = directory;
}

/* Enters a directory, unless another process has removed it. */
static void enter(struct removal *removal, const char *name)
{
	struct stat status;
	DIR *inner = open_directory(dirfd(removal->directory), name, removal->device);
	if (!inner && errno == ENOENT)
		return;
	if (!inner)
		fail_errno(CODE, "Cannot open \"%s\" below \"%s\"", name, removal->path);
	if (fstat(dirfd(removal->directory), &status) < 0)
		cannot_remove(removal->path);
	push(removal, name, status.st_ino);
	go_to(removal, inner);
}

/*
 * Leaves an emptied directory, and removes it. False when another process took it away meanwhile.
 */
static bool leave(struct removal *removal)
{
	struct stat status;
	DIR *outer = open_directory(dirfd(removal->directory), "..", removal->device);
	if (!outer && errno == ENOENT)
		return false;
	if (!outer || fstat(dirfd(outer), &status) < 0)
		fail_errno(CODE, "Cannot go back up in \"%s\"", removal->path);
	struct level *level = &removal->levels[--removal->depth];
	cleanup_free char *name = level->name;
	if (status.st_ino != level->outer)
		fail(CODE, "Cannot remove \"%s\": it is being changed by another process", removal->path);
	go_to(removal, outer);
	if (unlinkat(dirfd(outer), name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		fail_errno(CODE, "Cannot remove \"%s\" below \"%s\"", name, removal->path);
	return true;
}

/*
 * Removes everything below; false when another process took the directory away that this one was
 * in.
 */
static bool empty_tree(struct removal *removal)
{
	char name[NAME_MAX + 1];
	for (;;) {
		if (!empty(removal->directory, name))
			enter(removal, name);
		else if (removal->depth == 0)
			return true;
		else if (!leave(removal))
			return false;
	}
}

static void end_removal(struct removal *removal)
{
	closedir(removal->directory);
	while (removal->depth > 0)
		free(removal->levels[--removal->depth].name);
	free(removal->levels);
}

/*
 * Removes a directory that is not empty; false when another process that removes the same tree came
 * between.
 */
static bool remove_full(const char *path, dev_t device)
{
	struct removal removal = {.path = path, .device = device};
	removal.directory = open_directory(AT_FDCWD, path, device);
	if (!removal.directory && errno == ENOENT)
		return true;
	if (!removal.directory)
		fail_errno(CODE, "Cannot open \"%s\"", path);
	bool emptied = empty_tree(&removal);
	end_removal(&removal);
	if (emptied && rmdir(path) < 0 && errno != ENOENT)
		cannot_remove(path);
	return emptied;
}

/* Tries once; false when another process that removes the same tree came between. */
static bool try_remove_tree(const char *path)
{
	struct stat status;
	if (lstat(path, &status) < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			cannot_remove(path);
		return true;
	}
	if (S_ISDIR(status.st_mode))
		return rmdir(path) == 0 || remove_full(path, status.st_dev);
	if (unlink(path) < 0 && errno != ENOENT)
		cannot_remove(path);
	return true;
}

/* Tries until it succeeds. Note that this ends, because the other process removes too. */
void remove_tree(const char *path)
{
	while (!try_remove_tree(path))
		;
}
