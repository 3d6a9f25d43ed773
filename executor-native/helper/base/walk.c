#include "base/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The number of links that the kernel follows. */
#define MAX_LINKS 40

/* A walk under way: the path that is left, with the targets of links put before it. */
struct progress {
	struct walk *walk;
	enum walk_make make;
	int links;
	char rest[2 * PATH_MAX];
};

static bool fail_with(int error)
{
	errno = error;
	return false;
}

int walk_fd(const struct walk *walk) { return walk->level[walk->depth].fd; }

static void pop(struct walk *walk)
{
	close_fd_behind(&walk->level[walk->depth].fd);
	walk->depth--;
	walk->real[walk->level[walk->depth].length] = 0;
}

void end_walk(struct walk *walk)
{
	while (walk->depth > 0)
		pop(walk);
}

/* Goes into `name`, and takes its descriptor. */
static bool push(struct walk *walk, int *fd, const char *name)
{
	size_t length = walk->level[walk->depth].length, more = strlen(name) + 1;
	if (walk->depth + 1 == WALK_DEPTH || length + more >= sizeof walk->real)
		return fail_with(ENAMETOOLONG);
	walk->real[length] = '/';
	memcpy(walk->real + length + 1, name, more);
	walk->depth++;
	walk->level[walk->depth].fd = take_fd(fd);
	walk->level[walk->depth].length = length + more;
	return true;
}

static bool make_entry(int parent, const char *name, bool file)
{
	if (!file)
		return mkdirat(parent, name, 0755) == 0 || errno == EEXIST;
	cleanup_fd int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	return fd >= 0 || errno == EEXIST;
}

/* Puts the target of the link `fd` before the rest of the path. */
static bool follow(struct progress *progress, int fd)
{
	char target[PATH_MAX], *rest = progress->rest;
	if (++progress->links > MAX_LINKS)
		return fail_with(ELOOP);
	ssize_t length = readlinkat(fd, "", target, sizeof target - 1);
	if (length < 0)
		return false;
	target[length] = 0;
	size_t left = strlen(rest);
	if ((size_t)length + 1 + left + 1 > sizeof progress->rest)
		return fail_with(ENAMETOOLONG);
	memmove(rest + length + 1, rest, left + 1);
	memcpy(rest, target, (size_t)length);
	rest[length] = '/';
	if (target[0] == '/')
		end_walk(progress->walk);
	return true;
}

/* Moves the first component of the rest into `name`, "" at the end; false when it is too long. */
static bool next_component(struct progress *progress, char name[NAME_MAX + 1])
{
	char *rest = progress->rest;
	size_t start = strspn(rest, "/"), length = strcspn(rest + start, "/");
	if (length > NAME_MAX)
		return fail_with(ENAMETOOLONG);
	memcpy(name, rest + start, length);
	name[length] = 0;
	memmove(rest, rest + start + length, strlen(rest + start + length) + 1);
	return true;
}

static bool is_at_end(const struct progress *progress)
{
	return progress->rest[strspn(progress->rest, "/")] == 0;
}

/*
 * Opens a component, which is made when it is missing and the walk says so. -1 with ENOENT: not
 * there.
 */
static int open_component(const struct progress *progress, const char *name)
{
	const int flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
	int parent = walk_fd(progress->walk);
	if (parent < 0) {
		errno = ENOENT;
		return -1;
	}
	int fd = openat(parent, name, flags);
	if (fd >= 0 || errno != ENOENT || progress->make == WALK_FIND)
		return fd;
	bool made = make_entry(parent, name, is_at_end(progress) && progress->make == WALK_MAKE_FILE);
	return made ? openat(parent, name, flags) : -1;
}

/* Goes into a component, or follows it when it is a link. */
static bool enter(struct progress *progress, const char *name)
{
	struct stat status;
	cleanup_fd int fd = open_component(progress, name);
	if (fd < 0)
		return progress->make == WALK_FIND && errno == ENOENT && push(progress->walk, &fd, name);
	if (fstat(fd, &status) < 0)
		return false;
	if (S_ISLNK(status.st_mode))
		return follow(progress, fd);
	if (!is_at_end(progress) && !S_ISDIR(status.st_mode))
		return fail_with(ENOTDIR);
	return push(progress->walk, &fd, name);
}

static bool step(struct progress *progress, const char *name)
{
	struct walk *walk = progress->walk;
	if (strcmp(name, ".") == 0)
		return true;
	if (strcmp(name, "..") != 0)
		return enter(progress, name);
	if (walk->depth > 0)
		pop(walk);
	return true;
}

bool walk(struct walk *walk, int root, const char *path, enum walk_make make)
{
	struct progress progress = {.walk = walk, .make = make};
	char name[NAME_MAX + 1];
	walk->depth = 0;
	walk->level[0].fd = root;
	walk->level[0].length = 0;
	walk->real[0] = 0;
	if (strlen(path) >= sizeof progress.rest)
		return fail_with(ENAMETOOLONG);
	strcpy(progress.rest, path);
	while (next_component(&progress, name)) {
		if (!*name)
			return true;
		if (!step(&progress, name))
			return false;
	}
	return false;
}

int count_existing(int root, const char *path)
{
	cleanup_walk struct walk at = NO_WALK;
	int depth = 1;
	if (walk(&at, root, path, WALK_FIND))
		while (depth <= at.depth && at.level[depth].fd >= 0)
			depth++;
	return depth;
}
