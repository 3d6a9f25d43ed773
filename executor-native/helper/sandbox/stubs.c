#include "sandbox/stubs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sandbox/walk.h"

bool mount_is_file(const struct mount_spec *mount)
{
	struct stat status;
	if (mount->type == MOUNT_FILE)
		return true;
	if (mount->type == MOUNT_BIND) {
		if (stat(mount->source, &status) < 0)
			fail_errno("exec/mount-source", "Cannot mount \"%s\" at \"%s\"", mount->source, mount->dest);
		return !S_ISDIR(status.st_mode);
	}
	if (mount->type == MOUNT_OVERLAY) {
		/* The topmost layer that has it decides, as in the merged tree; only the common case matters here: the mount itself checks. */
		for (size_t i = mount->lowers.count; i-- > 0;) {
			struct walk at;
			int layer = open(mount->lowers.items[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
			if (layer < 0)
				fail_errno("exec/mount-source", "Cannot open the layer %s", mount->lowers.items[i]);
			bool found = walk(&at, layer, mount->source, WALK_FIND) && walk_fd(&at) >= 0 && fstat(walk_fd(&at), &status) == 0;
			walk_end(&at);
			close(layer);
			if (found)
				return !S_ISDIR(status.st_mode);
		}
	}
	return false;
}

static bool inside(const char *path, const char *directory)
{
	size_t length = strlen(directory);
	return strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == 0);
}

size_t find_stubs(struct stubs *stubs, const struct spec *spec, int root)
{
	static const struct {
		const char *path;
		bool file;
	} standard[] = {{"/proc", false}, {"/dev", false}, {"/sys", false}, {"/etc/hosts", true}, {"/etc/resolv.conf", true}};
	size_t total = LENGTH(standard) + spec->mount_count, seen_count = 0;
	char **seen = allocate(sizeof(char *) * total);
	stubs->count = 0;
	stubs->items = allocate(sizeof *stubs->items * total);
	for (size_t i = 0; i < total; i++) {
		const struct mount_spec *mount = i < LENGTH(standard) ? NULL : &spec->mounts[i - LENGTH(standard)];
		const char *dest = mount ? mount->dest : standard[i].path;
		struct walk at;
		if (!walk(&at, root, dest, WALK_FIND))
			fail_errno("exec/mount-point", "Cannot mount at \"%s\"", dest);
		bool covered = false;
		for (size_t j = 0; j < seen_count && !covered; j++)
			covered = inside(at.real, seen[j]);
		if (!covered) {
			char *path = strdup(at.real);
			if (!path)
				fail_errno("exec/sandbox-setup", "Cannot allocate memory");
			seen[seen_count++] = path;
			if (walk_fd(&at) < 0)
				stubs->items[stubs->count++] = (struct stub){path, mount ? mount_is_file(mount) : standard[i].file};
		}
		walk_end(&at);
	}
	free(seen);
	return stubs->count;
}

/* A directory of an overlay and its copy must not be told apart: owner, mode, xattrs. Times come last, when nothing is made in it any more. */
static void copy_metadata(int from, const char *to, const struct stat *status)
{
	char path[64], names[65536], value[65536];
	snprintf(path, sizeof path, "/proc/self/fd/%d", from);
	if (chown(to, status->st_uid, status->st_gid) < 0 || chmod(to, status->st_mode & 07777) < 0)
		fail_errno("exec/sandbox-setup", "Cannot copy a directory's owner and mode to %s", to);
	ssize_t length = listxattr(path, names, sizeof names);
	for (char *name = names; length > 0 && name < names + length; name += strlen(name) + 1) {
		if (strncmp(name, "user.overlay.", 13) == 0)
			continue;
		ssize_t size = getxattr(path, name, value, sizeof value);
		if (size >= 0)
			setxattr(to, name, value, (size_t)size, 0); /* what a user namespace may not set is not seen in it either */
	}
}

void make_stubs(const struct stubs *stubs, int root, const char *layer)
{
	struct copied {
		char *path;
		struct timespec times[2];
		struct copied *next;
	} *copies = NULL;
	for (size_t i = 0; i < stubs->count; i++) {
		const struct stub *stub = &stubs->items[i];
		char *path = format_text("%s%s", layer, stub->path);
		size_t base = strlen(layer);
		for (char *slash = strchr(path + base + 1, '/');; slash = strchr(slash + 1, '/')) {
			if (slash)
				*slash = 0;
			if (!slash && stub->file) {
				int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
				if (fd < 0)
					fail_errno("exec/sandbox-setup", "Cannot make the mount point %s", path);
				close(fd);
			} else if (mkdir(path, 0755) == 0) {
				struct walk at;
				struct stat status;
				if (walk(&at, root, path + base, WALK_FIND) && walk_fd(&at) >= 0 && fstat(walk_fd(&at), &status) == 0) {
					struct copied *copy = allocate(sizeof *copy);
					copy_metadata(walk_fd(&at), path, &status);
					*copy = (struct copied){strdup(path), {status.st_atim, status.st_mtim}, copies};
					copies = copy;
				}
				walk_end(&at);
			} else if (errno != EEXIST) {
				fail_errno("exec/sandbox-setup", "Cannot make the mount point %s", path);
			}
			if (!slash)
				break;
			*slash = '/';
		}
		free(path);
	}
	for (; copies; copies = copies->next)
		if (copies->path && utimensat(AT_FDCWD, copies->path, copies->times, AT_SYMLINK_NOFOLLOW) < 0)
			fail_errno("exec/sandbox-setup", "Cannot set the times of %s", copies->path);
}
