#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/mount-api.h"
#include "sandbox/mounts.h"
#include "ownership/owners.h"
#include "sandbox/walk.h"

static void readonly_when(int mount, const struct mount_spec *spec)
{
	if (spec->readonly && !set_attributes(mount, ATTRIBUTE_READONLY))
		fail_errno("exec/sandbox-mount", "Cannot make the mount at \"%s\" read-only", spec->dest);
}

static bool is_file(int fd, const struct mount_spec *mount)
{
	struct stat status;
	if (fstat(fd, &status) < 0)
		fail_errno("exec/mount-source", "Cannot mount \"%s\" at \"%s\"", mount->source, mount->dest);
	return !S_ISDIR(status.st_mode);
}

/* An empty directory inside `work` that looks like `like`, for what a step writes to a mount whose changes are thrown away. */
static char *scratch_directory(struct stage *stage, const char *name, size_t index, const char *like)
{
	char *path = format_text("%s/%s%zu", stage->work, name, index);
	struct stat status = {.st_mode = 0755};
	struct owner owner;
	if (mkdir(path, 0755) < 0 || (like && stat(like, &status) < 0) || chown(path, status.st_uid, status.st_gid) < 0 ||
	    chmod(path, status.st_mode & 07777) < 0)
		fail_errno("exec/sandbox-setup", "Cannot make %s", path);
	if (like && find_owner(like, 0, &owner) && !give_to(path, 0, owner))
		fail_errno("exec/sandbox-setup", "Cannot give %s to %u:%u", path, owner.uid, owner.gid);
	return path;
}

/* The descriptor (O_PATH) of the merged tree. */
static int layers_root(struct stage *stage, const struct mount_spec *mount, size_t index)
{
	const struct texts *lowers = &mount->lowers;
	char name[32];
	snprintf(name, sizeof name, "mount%zu", index);
	if (lowers->count == 0) {
		char *empty = scratch_directory(stage, "empty", index, NULL);
		int root = open(empty, O_PATH | O_DIRECTORY | O_CLOEXEC);
		free(empty);
		return root;
	}
	const char *top = lowers->items[lowers->count - 1];
	if (mount->readonly && lowers->count == 1)
		return open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mount->readonly)
		return mount_overlay(stage, name, lowers, NULL, NULL);
	return mount_overlay(stage, name, lowers, scratch_directory(stage, "upper", index, top), scratch_directory(stage, "work", index, NULL));
}

static void mount_layers(struct stage *stage, const struct mount_spec *mount, size_t index, int root)
{
	int layers = layers_root(stage, mount, index);
	struct walk at;
	if (layers < 0)
		fail_errno("exec/mount-source", "Cannot mount layers at \"%s\"", mount->dest);
	if (!walk(&at, layers, mount->source, WALK_FIND))
		fail_errno("exec/mount-source", "Cannot mount \"%s\" at \"%s\"", mount->source, mount->dest);
	if (walk_fd(&at) < 0)
		fail("exec/mount-source", "Cannot mount \"%s\" at \"%s\": there is no such file or directory in the source", mount->source,
		     mount->dest);
	int copy = copy_mount(walk_fd(&at), "");
	if (copy < 0)
		fail_errno("exec/sandbox-mount", "Cannot mount \"%s\" at \"%s\"", mount->source, mount->dest);
	readonly_when(copy, mount);
	attach_inside(copy, root, mount->dest, is_file(walk_fd(&at), mount));
	walk_end(&at);
	close(layers);
}

static void mount_bind(const struct mount_spec *mount, int root)
{
	int source = open(mount->source, O_PATH | O_CLOEXEC);
	if (source < 0)
		fail_errno("exec/mount-source", "Cannot mount \"%s\" at \"%s\"", mount->source, mount->dest);
	int copy = copy_mount(source, "");
	if (copy < 0)
		fail_errno("exec/sandbox-mount", "Cannot mount \"%s\" at \"%s\"", mount->source, mount->dest);
	readonly_when(copy, mount);
	attach_inside(copy, root, mount->dest, is_file(source, mount));
	close(source);
}

static void mount_tmpfs(const struct mount_spec *mount, int root)
{
	char size[32];
	snprintf(size, sizeof size, "%llu", (unsigned long long)mount->size);
	struct fs_option options[] = {{"mode", "1777"}, {mount->size ? "size" : NULL, size}, {NULL, NULL}};
	int tmpfs = new_filesystem("tmpfs", options, ATTRIBUTE_NOSUID | ATTRIBUTE_NODEV);
	if (tmpfs < 0)
		fail_errno("exec/sandbox-mount", "Cannot mount a tmpfs at \"%s\"", mount->dest);
	readonly_when(tmpfs, mount);
	attach_inside(tmpfs, root, mount->dest, false);
}

void mount_extra(struct stage *stage, const struct spec *spec, int root)
{
	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct mount_spec *mount = &spec->mounts[i];
		char name[32];
		switch (mount->type) {
		case MOUNT_BIND:
			mount_bind(mount, root);
			break;
		case MOUNT_OVERLAY:
			mount_layers(stage, mount, i, root);
			break;
		case MOUNT_TMPFS:
			mount_tmpfs(mount, root);
			break;
		case MOUNT_FILE:
			snprintf(name, sizeof name, "file%zu", i);
			attach_inside(file_mount(stage, name, mount->data, mount->data_size, (uid_t)mount->uid, (gid_t)mount->gid,
			                         (mode_t)mount->mode & 07777),
			              root, mount->dest, true);
			break;
		}
	}
}
