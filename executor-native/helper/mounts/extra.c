#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/short-path.h"
#include "base/walk.h"
#include "mounts/attach.h"
#include "mounts/mounts.h"

static _Noreturn void cannot_mount_source(const struct mount_spec *mount)
{
	fail_errno("exec/mount-source", "Cannot mount \"%s\" at \"%s\"", mount->source, mount->dest);
}

static void readonly_when(int mount, const struct mount_spec *spec)
{
	if (spec->readonly && !set_attributes(mount, ATTRIBUTE_READONLY))
		fail_errno("exec/sandbox-mount", "Cannot make the mount at \"%s\" read-only", spec->dest);
}

static bool is_file(int fd, const struct mount_spec *mount)
{
	struct stat status;
	if (fstat(fd, &status) < 0)
		cannot_mount_source(mount);
	return !S_ISDIR(status.st_mode);
}

/* Mounts a copy of what is mounted at `source` (O_PATH), and below it. */
static void mount_copy(const struct mount_spec *mount, int source, int root)
{
	cleanup_fd int copy = copy_mount(source, "");
	if (copy < 0)
		fail_errno("exec/sandbox-mount", "Cannot mount \"%s\" at \"%s\"", mount->source, mount->dest);
	readonly_when(copy, mount);
	attach_inside(copy, root, mount->dest, is_file(source, mount));
}

/* Makes a directory in `work` with this owner and mode; returns its path. */
static char *make_directory(struct stage *stage, const char *name, size_t index, const struct stat *status)
{
	char *path = format_text("%s/%s%zu", stage->work, name, index);
	if (mkdir(path, 0755) < 0 || chown(path, status->st_uid, status->st_gid) < 0 ||
	    chmod(path, status->st_mode & MODE_BITS) < 0)
		fail_errno("exec/sandbox-setup", "Cannot make %s", path);
	return path;
}

static char *make_empty(struct stage *stage, const char *name, size_t index)
{
	const struct stat of_root = {.st_mode = 0755};
	return make_directory(stage, name, index, &of_root);
}

/*
 * Makes the upper directory of a mount whose changes are thrown away; it looks like the topmost
 * layer.
 */
static char *make_upper(struct stage *stage, size_t index, const char *top)
{
	struct stat status;
	struct owner owner;
	if (stat(top, &status) < 0)
		fail_errno("exec/sandbox-setup", "Cannot look at %s", top);
	char *path = make_directory(stage, "upper", index, &status);
	if (find_owner(stage->owners, top, 0, &owner) && !give_to(stage->owners, path, 0, owner))
		fail_errno("exec/sandbox-setup", "Cannot give %s to %u:%u", path, owner.uid, owner.gid);
	return path;
}

/* Merges the layers of a mount; returns the descriptor (O_PATH) of the tree. */
static int merge_layers(struct stage *stage, const struct mount_spec *mount, size_t index)
{
	const struct texts *lowers = &mount->lowers;
	struct short_path name = short_path("mount%zu", index);
	if (lowers->count == 0) {
		cleanup_free char *empty = make_empty(stage, "empty", index);
		return open(empty, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	const char *top = lowers->items[lowers->count - 1];
	if (mount->readonly && lowers->count == 1)
		return open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mount->readonly)
		return mount_overlay(stage, name.text, &(struct overlay){.lowers = lowers});
	cleanup_free char *upper = make_upper(stage, index, top), *work = make_empty(stage, "work", index);
	return mount_overlay(stage, name.text, &(struct overlay){.lowers = lowers, .upper = upper, .work = work});
}

/* Walks to the source of a mount, whose links and `..` stay below `top`. */
static void walk_to_source(struct walk *at, int top, const struct mount_spec *mount)
{
	if (!walk(at, top, mount->source, WALK_FIND))
		cannot_mount_source(mount);
	if (walk_fd(at) < 0)
		fail("exec/mount-source", "Cannot mount \"%s\" at \"%s\": there is no such file or directory in the source",
		     mount->source, mount->dest);
}

static void mount_layers(struct stage *stage, const struct mount_spec *mount, size_t index, int root)
{
	cleanup_walk struct walk at = NO_WALK;
	cleanup_fd int layers = merge_layers(stage, mount, index);
	if (layers < 0)
		fail_errno("exec/mount-source", "Cannot mount layers at \"%s\"", mount->dest);
	walk_to_source(&at, layers, mount);
	mount_copy(mount, walk_fd(&at), root);
}

static void mount_bind(const struct mount_spec *mount, int root)
{
	cleanup_fd int source = open(mount->source, O_PATH | O_CLOEXEC);
	if (source < 0)
		cannot_mount_source(mount);
	mount_copy(mount, source, root);
}

/* Mounts a part of a directory of the machine, with the mounts in it. */
static void mount_host(const struct mount_spec *mount, int root)
{
	cleanup_walk struct walk at = NO_WALK;
	cleanup_fd int top = open(mount->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		fail_errno("exec/mount-source", "Cannot mount \"%s\" at \"%s\"", mount->directory, mount->dest);
	walk_to_source(&at, top, mount);
	cleanup_fd int copy = copy_mount(walk_fd(&at), "");
	if (copy < 0 || !set_attributes(copy, ATTRIBUTES_OF_HOST))
		fail_errno("exec/sandbox-mount", "Cannot mount \"%s\" read-only at \"%s\"", mount->directory, mount->dest);
	attach_inside(copy, root, mount->dest, is_file(walk_fd(&at), mount));
}

/* Mounts a device of the machine, which the step may use and not change. */
static void mount_device(const struct mount_spec *mount, int root)
{
	struct stat status;
	cleanup_fd int source = open(mount->source, O_PATH | O_CLOEXEC);
	if (source < 0 || fstat(source, &status) < 0)
		cannot_mount_source(mount);
	if (!S_ISCHR(status.st_mode) && !S_ISBLK(status.st_mode))
		fail("exec/mount-source", "Cannot mount \"%s\" at \"%s\": it is no device", mount->source, mount->dest);
	cleanup_fd int copy = copy_mount(source, "");
	if (copy < 0 || !set_attributes(copy, ATTRIBUTES_OF_DEVICES))
		fail_errno("exec/sandbox-mount", "Cannot mount \"%s\" at \"%s\"", mount->source, mount->dest);
	attach_inside(copy, root, mount->dest, true);
}

static void mount_tmpfs(const struct mount_spec *mount, int root)
{
	struct short_path size = short_path("%llu", (unsigned long long)mount->size);
	const struct fs_option *options =
		mount->size ? OPTIONS({"mode", "1777"}, {"size", size.text}) : OPTIONS({"mode", "1777"});
	cleanup_fd int tmpfs = new_filesystem("tmpfs", options, ATTRIBUTE_NOSUID | ATTRIBUTE_NODEV);
	if (tmpfs < 0)
		fail_errno("exec/sandbox-mount", "Cannot mount a tmpfs at \"%s\"", mount->dest);
	readonly_when(tmpfs, mount);
	attach_inside(tmpfs, root, mount->dest, false);
}

static void mount_content(struct stage *stage, const struct mount_spec *mount, size_t index, int root)
{
	struct short_path name = short_path("file%zu", index);
	struct file_mount file = {
		.name = name.text,
		.data = mount->data,
		.size = mount->data_size,
		.uid = (uid_t)mount->uid,
		.gid = (gid_t)mount->gid,
		.mode = (mode_t)mount->mode & MODE_BITS,
	};
	cleanup_fd int content = mount_file(stage, &file);
	attach_inside(content, root, mount->dest, true);
}

void mount_extra(struct stage *stage, const struct spec *spec, int root)
{
	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct mount_spec *mount = &spec->mounts[i];
		switch (mount->type) {
		case MOUNT_BIND:
			mount_bind(mount, root);
			break;
		case MOUNT_HOST:
			mount_host(mount, root);
			break;
		case MOUNT_DEVICE:
			mount_device(mount, root);
			break;
		case MOUNT_OVERLAY:
			mount_layers(stage, mount, i, root);
			break;
		case MOUNT_TMPFS:
			mount_tmpfs(mount, root);
			break;
		case MOUNT_FILE:
			mount_content(stage, mount, i, root);
			break;
		}
	}
}
