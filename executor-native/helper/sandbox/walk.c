#include "sandbox/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_LINKS 40

int walk_fd(const struct walk *walk)
{
	return walk->level[walk->depth].fd;
}

static void pop(struct walk *walk)
{
	if (walk->level[walk->depth].fd >= 0)
		close(walk->level[walk->depth].fd);
	walk->depth--;
	walk->real[walk->level[walk->depth].length] = 0;
}

void walk_end(struct walk *walk)
{
	while (walk->depth > 0)
		pop(walk);
}

static bool push(struct walk *walk, int fd, const char *name)
{
	size_t length = walk->level[walk->depth].length, more = strlen(name) + 1;
	if (walk->depth + 1 == WALK_DEPTH || length + more >= sizeof walk->real) {
		if (fd >= 0)
			close(fd);
		errno = ENAMETOOLONG;
		return false;
	}
	walk->real[length] = '/';
	memcpy(walk->real + length + 1, name, more);
	walk->depth++;
	walk->level[walk->depth].fd = fd;
	walk->level[walk->depth].length = length + more;
	return true;
}

static bool make_entry(int parent, const char *name, bool file)
{
	if (!file)
		return mkdirat(parent, name, 0755) == 0 || errno == EEXIST;
	int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return errno == EEXIST;
	close(fd);
	return true;
}

/* Puts the target of the link `fd` before what is left of the path. */
static bool follow(struct walk *walk, int fd, char *rest, size_t room)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(fd, "", target, sizeof target - 1);
	close(fd);
	if (length < 0)
		return false;
	target[length] = 0;
	size_t left = strlen(rest);
	if ((size_t)length + 1 + left + 1 > room) {
		errno = ENAMETOOLONG;
		return false;
	}
	memmove(rest + length + 1, rest, left + 1);
	memcpy(rest, target, (size_t)length);
	rest[length] = '/';
	if (target[0] == '/')
		walk_end(walk);
	return true;
}

bool walk(struct walk *walk, int root, const char *path, enum walk_make make)
{
	char rest[2 * PATH_MAX], name[NAME_MAX + 1];
	int links = 0;
	walk->depth = 0;
	walk->level[0].fd = root;
	walk->level[0].length = 0;
	walk->real[0] = 0;
	if (strlen(path) >= sizeof rest) {
		errno = ENAMETOOLONG;
		return false;
	}
	strcpy(rest, path);
	for (;;) {
		size_t start = strspn(rest, "/"), length = strcspn(rest + start, "/");
		if (length == 0)
			return true;
		if (length > NAME_MAX) {
			errno = ENAMETOOLONG;
			return false;
		}
		memcpy(name, rest + start, length);
		name[length] = 0;
		memmove(rest, rest + start + length, strlen(rest + start + length) + 1);
		bool last = rest[strspn(rest, "/")] == 0;

		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0) {
			if (walk->depth > 0)
				pop(walk);
			continue;
		}
		int parent = walk_fd(walk);
		int fd = parent < 0 ? -1 : openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 && parent >= 0 && errno == ENOENT && make != WALK_FIND) {
			if (!make_entry(parent, name, last && make == WALK_MAKE_FILE))
				return false;
			fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
			if (fd < 0)
				return false;
		}
		if (fd < 0) {
			if (parent >= 0 && errno != ENOENT)
				return false;
			if (!push(walk, -1, name))
				return false;
			continue;
		}
		struct stat status;
		if (fstat(fd, &status) < 0) {
			close(fd);
			return false;
		}
		if (S_ISLNK(status.st_mode)) {
			if (++links > MAX_LINKS) {
				close(fd);
				errno = ELOOP;
				return false;
			}
			if (!follow(walk, fd, rest, sizeof rest))
				return false;
			continue;
		}
		if (!last && !S_ISDIR(status.st_mode)) {
			close(fd);
			errno = ENOTDIR;
			return false;
		}
		if (!push(walk, fd, name))
			return false;
	}
}
