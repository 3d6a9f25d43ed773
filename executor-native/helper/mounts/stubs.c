#include "mounts/stubs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/short-path.h"
#include "base/walk.h"

/* A mount point of every sandbox or of the spec. */
struct mount_point {
	const char *path;
	bool file;
	const struct mount_spec *mount; /* decides about `file`, unless NULL */
};

static const struct mount_point standard[] = {
	{"/proc", false, NULL},     {"/dev", false, NULL},
	{"/sys", false, NULL},      {"/etc/hosts", true, NULL},
	{"/etc/resolv.conf", true, NULL},
};

static bool is_bound_file(const struct mount_spec *mount)
{
	struct stat status;
	if (stat(mount->source, &status) < 0)
		fail_errno("exec/mount-source", "Cannot mount \"%s\" at \"%s\"", mount->source, mount->dest);
	return !S_ISDIR(status.st_mode);
}

static bool find_in_layer(const char *path, const char *selector, struct stat *status)
{
	cleanup_walk struct walk at = NO_WALK;
	cleanup_fd int layer = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (layer < 0)
		fail_errno("exec/mount-source", "Cannot open %s", path);
	return walk(&at, layer, selector, WALK_FIND) && walk_fd(&at) >= 0 && fstat(walk_fd(&at), status) == 0;
}

static bool is_host_file(const struct mount_spec *mount)
{
	struct stat status;
	return find_in_layer(mount->directory, mount->source, &status) && !S_ISDIR(status.st_mode);
}

/*
 * Returns true when the selector leads to a file in the merged layers; the topmost layer that has
 * it decides. Checks the common case only: the mount itself checks the rest.
 */
static bool is_layered_file(const struct mount_spec *mount)
{
	struct stat status;
	for (size_t i = mount->lowers.count; i-- > 0;)
		if (find_in_layer(mount->lowers.items[i], mount->source, &status))
			return !S_ISDIR(status.st_mode);
	return false;
}

static bool is_file(const struct mount_point *point)
{
	if (!point->mount)
		return point->file;
	switch (point->mount->type) {
	case MOUNT_FILE:
	case MOUNT_DEVICE:
		return true;
	case MOUNT_BIND:
		return is_bound_file(point->mount);
	case MOUNT_HOST:
		return is_host_file(point->mount);
	case MOUNT_OVERLAY:
		return is_layered_file(point->mount);
	case MOUNT_TMPFS:
		return false;
	}
	return false;
}

static bool is_inside(const char *path, const char *directory)
{
	size_t length = strlen(directory);
	return strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == 0);
}

static bool is_covered(const char *path, const struct texts *mounted)
{
	for (size_t i = 0; i < mounted->count; i++)
		if (is_inside(path, mounted->items[i]))
			return true;
	return false;
}

/* Looks at one mount point, which is added when it is missing and no earlier mount covers it. */
static void check_point(struct stubs *stubs, struct texts *mounted, const struct mount_point *point, int root)
{
	cleanup_walk struct walk at = NO_WALK;
	if (!walk(&at, root, point->path, WALK_FIND))
		fail_errno("exec/mount-point", "Cannot mount at \"%s\"", point->path);
	if (is_covered(at.real, mounted))
		return;
	char *path = copy_text(at.real);
	append_text(mounted, path);
	if (walk_fd(&at) < 0)
		stubs->items[stubs->count++] = (struct stub){path, is_file(point)};
}

size_t find_stubs(struct stubs *stubs, const struct spec *spec, int root)
{
	struct texts mounted = {0};
	stubs->count = 0;
	stubs->items = allocate(sizeof *stubs->items * (LENGTH(standard) + spec->mount_count));
	for (size_t i = 0; i < LENGTH(standard); i++)
		check_point(stubs, &mounted, &standard[i], root);
	for (size_t i = 0; i < spec->mount_count; i++) {
		struct mount_point point = {.path = spec->mounts[i].dest, .mount = &spec->mounts[i]};
		check_point(stubs, &mounted, &point, root);
	}
	return stubs->count;
}

/*
 * Copies attributes; those that a user namespace may not set are not seen in it either. `from` is a
 * link of /proc, which is followed: tree/copy.c has the other kind.
 */
static void copy_attributes(const char *from, const char *to)
{
	char names[ATTRIBUTE_ROOM], value[ATTRIBUTE_ROOM];
	ssize_t length = listxattr(from, names, sizeof names);
	for (char *name = names; length > 0 && name < names + length; name += strlen(name) + 1) {
		if (strncmp(name, OVERLAY_PREFIX, strlen(OVERLAY_PREFIX)) == 0)
			continue;
		ssize_t size = getxattr(from, name, value, sizeof value);
		if (size >= 0)
			setxattr(to, name, value, (size_t)size, 0);
	}
}

/* A directory whose times are set in the end, when nothing is made in it any more. */
struct copied {
	char *path;
	struct timespec times[2];
	struct copied *next;
};

/*
 * Makes a directory of the layer and the one that it will be merged with indistinguishable, but for
 * times.
 */
static struct copied *copy_metadata(int root, const char *inside, const char *to, struct copied *next)
{
	cleanup_walk struct walk at = NO_WALK;
	struct stat status;
	if (!walk(&at, root, inside, WALK_FIND) || walk_fd(&at) < 0 || fstat(walk_fd(&at), &status) < 0)
		return next;
	if (chown(to, status.st_uid, status.st_gid) < 0 || chmod(to, status.st_mode & MODE_BITS) < 0)
		fail_errno("exec/sandbox-setup", "Cannot copy a directory's owner and mode to %s", to);
	copy_attributes(proc_path_of(walk_fd(&at)).text, to);
	struct copied *copy = allocate(sizeof *copy);
	*copy = (struct copied){copy_text(to), {status.st_atim, status.st_mtim}, next};
	return copy;
}

static void make_file(const char *path)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		fail_errno("exec/sandbox-setup", "Cannot make the mount point %s", path);
}

/* Makes a directory unless it is there; `base` is the length of the layer's path. */
static struct copied *make_directory(int root, const char *path, size_t base, struct copied *copies)
{
	if (mkdir(path, 0755) == 0)
		return copy_metadata(root, path + base, path, copies);
	if (errno != EEXIST)
		fail_errno("exec/sandbox-setup", "Cannot make the mount point %s", path);
	return copies;
}

/* Makes a stub and the directories on the way; returns the longer list of copies. */
static struct copied *make_stub(const struct stub *stub, int root, const char *layer, struct copied *copies)
{
	cleanup_free char *path = format_text("%s%s", layer, stub->path);
	size_t base = strlen(layer);
	for (char *slash = strchr(path + base + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		copies = make_directory(root, path, base, copies);
		*slash = '/';
	}
	if (!stub->file)
		return make_directory(root, path, base, copies);
	make_file(path);
	return copies;
}

void make_stubs(const struct stubs *stubs, int root, const char *layer)
{
	struct copied *copies = NULL;
	for (size_t i = 0; i < stubs->count; i++)
		copies = make_stub(&stubs->items[i], root, layer, copies);
	for (; copies; copies = copies->next)
		if (utimensat(AT_FDCWD, copies->path, copies->times, AT_SYMLINK_NOFOLLOW) < 0)
			fail_errno("exec/sandbox-setup", "Cannot set the times of %s", copies->path);
}
