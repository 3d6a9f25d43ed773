#include "mounts/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/short-path.h"
#include "mounts/mount-api.h"
#include "mounts/stubs.h"

/*
 * The kernel takes one page of mount options, of which the names of the layers may take all but
 * this.
 */
#define OPTIONS_ROOM 4096
#define OTHER_OPTIONS_ROOM 128

static void mount_stage(struct stage *stage)
{
	cleanup_free char *path = format_text("%s/stage", stage->work);
	if (mkdir(path, 0700) < 0)
		fail_errno("exec/sandbox-setup", "Cannot make %s", path);
	stage->fd = new_filesystem("tmpfs", OPTIONS({"mode", "0755"}), ATTRIBUTE_NOSUID | ATTRIBUTE_NODEV);
	cleanup_fd int target = open(path, O_PATH | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW);
	if (stage->fd < 0 || target < 0 || !attach_mount(stage->fd, target))
		fail_errno("exec/sandbox-mount", "Cannot mount a tmpfs in the user namespace");
}

static void mount_null(struct stage *stage)
{
	cleanup_fd int null = copy_mount(AT_FDCWD, "/dev/null");
	cleanup_fd int file = openat(stage->fd, "null", O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (null < 0 || file < 0 || !set_attributes(null, ATTRIBUTES_OF_DEVICES) || !attach_mount(null, file))
		fail_errno("exec/sandbox-mount", "Cannot mount the host's /dev/null read-only");
}

struct stage make_stage(const struct spec *spec, struct owners *owners)
{
	struct stage stage = {.work = spec->work, .owners = owners};
	mount_stage(&stage);
	mount_null(&stage);
	stage.null = openat(stage.fd, "null", O_RDWR | O_CLOEXEC);
	if (stage.null < 0)
		fail_errno("exec/sandbox-setup", "Cannot open /dev/null");
	if (mkdirat(stage.fd, "empty", 0755) < 0)
		fail_errno("exec/sandbox-setup", "Cannot make a directory on a tmpfs");
	return stage;
}

static void link_layer(int directory, const char *target, const char *name)
{
	if (symlinkat(target, directory, name) < 0)
		fail_errno("exec/sandbox-setup", "Cannot name the layer %s", target);
}

/*
 * Links the lower layers under numbers, and lists these as the kernel wants them: the top one
 * first.
 */
static void link_lowers(int directory, const struct texts *lowers, struct buffer *list)
{
	for (size_t i = lowers->count; i-- > 0;) {
		struct short_path number = short_path("%zu", i);
		link_layer(directory, lowers->items[i], number.text);
		append(list, "%s%s", list->length ? ":" : "", number.text);
		if (list->cut)
			fail("exec/too-many-layers", "Cannot mount %zu layers: the kernel takes 500 at most", lowers->count);
	}
}

/* Mounts the linked layers of the working directory on its `root`. */
static void mount_links(const struct overlay *overlay, const char *list)
{
	/*
	 * `volatile`: no fsync, as a step that is cut short is thrown away. Kernels before 5.10 do not
	 * know it.
	 */
	static const char *const options[] = {"index=off,userxattr,volatile", "index=off,userxattr"};
	const char *changes = overlay->upper ? ",upperdir=upper,workdir=work" : "";
	for (size_t i = overlay->upper ? 0 : 1; i < LENGTH(options); i++) {
		cleanup_free char *data = format_text("lowerdir=%s%s,%s", list, changes, options[i]);
		if (mount("overlay", "root", "overlay", overlay->upper ? 0 : MS_RDONLY, data) == 0)
			return;
		if (errno != EINVAL || i + 1 == LENGTH(options))
			fail_errno("exec/overlay", "Cannot mount an overlay of %zu layers at %s", overlay->lowers->count,
			           overlay->upper ? overlay->upper : "a mount point");
	}
}

int mount_overlay(struct stage *stage, const char *name, const struct overlay *overlay)
{
	char room[OPTIONS_ROOM - OTHER_OPTIONS_ROOM];
	struct buffer list = BUFFER_IN(room);
	if (mkdirat(stage->fd, name, 0755) < 0)
		fail_errno("exec/sandbox-setup", "Cannot make a mount point");
	cleanup_fd int directory = openat(stage->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0 || fchdir(directory) < 0 || mkdirat(directory, "root", 0755) < 0)
		fail_errno("exec/sandbox-setup", "Cannot make a mount point");
	link_lowers(directory, overlay->lowers, &list);
	if (overlay->upper) {
		link_layer(directory, overlay->upper, "upper");
		link_layer(directory, overlay->work, "work");
	}
	mount_links(overlay, list.text);
	int root = openat(directory, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		fail_errno("exec/sandbox-setup", "Cannot open the root file system");
	if (chdir("/") < 0)
		fail_errno("exec/sandbox-setup", "Cannot leave the root file system");
	return root;
}

static char *make_work_directory(const struct spec *spec, const char *name)
{
	char *path = format_text("%s/%s", spec->work, name);
	if (mkdir(path, 0755) < 0)
		fail_errno("exec/sandbox-setup", "Cannot make %s", path);
	return path;
}

static int mount_root(struct stage *stage, const struct spec *spec, const char *name, const struct texts *lowers)
{
	cleanup_free char *work = make_work_directory(spec, name);
	return mount_overlay(stage, name, &(struct overlay){.lowers = lowers, .upper = spec->upper, .work = work});
}

/* Makes the layer of stubs; returns its path. */
static char *make_stub_layer(const struct spec *spec, const struct stubs *stubs, int root)
{
	char *path = make_work_directory(spec, "stubs");
	make_stubs(stubs, root, path);
	return path;
}

/*
 * Makes a root of layers. Mount points that are missing get a layer of their own, between the
 * image's layers and `upper`. Made in the mounted root they would end up in `upper`, in the image,
 * and drag their parents' metadata with them.
 */
static int make_layered_root(struct stage *stage, const struct spec *spec)
{
	struct stubs stubs;
	cleanup_fd int plain = mount_root(stage, spec, "plain", &spec->lowers);
	if (find_stubs(&stubs, spec, plain) == 0)
		return take_fd(&plain);
	char *layer = make_stub_layer(spec, &stubs, plain);
	close_fd_behind(&plain);
	if (fchdir(stage->fd) < 0 || umount2("plain/root", 0) < 0 || chdir("/") < 0)
		fail_errno("exec/sandbox-mount", "Cannot unmount the overlay");
	size_t count = spec->lowers.count;
	cleanup_free char **items = allocate(sizeof *items * (count + 1));
	memcpy(items, spec->lowers.items, sizeof *items * count);
	items[count] = layer;
	return mount_root(stage, spec, "full", &(struct texts){.count = count + 1, .items = items});
}

/* Makes the root of a step that begins with nothing: a layer of stubs below `upper`. */
static int make_empty_root(struct stage *stage, const struct spec *spec)
{
	struct stubs stubs;
	cleanup_fd int upper = open(spec->upper, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (upper < 0)
		fail_errno("exec/sandbox-setup", "Cannot open %s", spec->upper);
	find_stubs(&stubs, spec, upper);
	char *layer = make_stub_layer(spec, &stubs, upper);
	return mount_root(stage, spec, "full", &(struct texts){.count = 1, .items = &layer});
}

/* Makes a directory of plain files the root, which has all mount points. */
static int bind_working_root(struct stage *stage, const struct spec *spec)
{
	cleanup_free char *path = working_root_path(spec);
	cleanup_fd int root = copy_mount(AT_FDCWD, path);
	if (mkdirat(stage->fd, "working", 0755) < 0)
		fail_errno("exec/sandbox-setup", "Cannot make a mount point");
	cleanup_fd int target = openat(stage->fd, "working", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || target < 0 || !set_attributes(root, ATTRIBUTE_NODEV) || !attach_mount(root, target))
		fail_errno("exec/sandbox-mount", "Cannot mount \"%s\"", path);
	return take_fd(&root);
}

int make_root(struct stage *stage, const struct spec *spec)
{
	if (spec->working)
		return bind_working_root(stage, spec);
	return spec->lowers.count ? make_layered_root(stage, spec) : make_empty_root(stage, spec);
}
