#include "sandbox/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/mount-api.h"
#include "sandbox/stubs.h"
#include "sandbox/walk.h"

struct stage make_stage(const struct spec *spec)
{
	struct stage stage = {.work = spec->work};
	char *path = format_text("%s/stage", spec->work);
	if (mkdir(path, 0700) < 0)
		fail_errno("exec/sandbox-setup", "Cannot make %s", path);
	stage.fd = new_filesystem("tmpfs", (struct fs_option[]){{"mode", "0755"}, {NULL, NULL}}, ATTRIBUTE_NOSUID | ATTRIBUTE_NODEV);
	int target = open(path, O_PATH | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW);
	if (stage.fd < 0 || target < 0 || !attach_mount(stage.fd, target))
		fail_errno("exec/sandbox-mount", "Cannot mount a tmpfs in the user namespace");
	close(target);
	int null = copy_mount(AT_FDCWD, "/dev/null"), file = openat(stage.fd, "null", O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (null < 0 || file < 0 || !set_attributes(null, ATTRIBUTES_OF_DEVICES) || !attach_mount(null, file))
		fail_errno("exec/sandbox-mount", "Cannot mount the host's /dev/null read-only");
	close(null);
	close(file);
	stage.null = openat(stage.fd, "null", O_RDWR | O_CLOEXEC);
	if (stage.null < 0)
		fail_errno("exec/sandbox-setup", "Cannot open /dev/null");
	if (mkdirat(stage.fd, "empty", 0755) < 0)
		fail_errno("exec/sandbox-setup", "Cannot make a directory on a tmpfs");
	free(path);
	return stage;
}

static void link_layer(int directory, const char *target, const char *name)
{
	if (symlinkat(target, directory, name) < 0)
		fail_errno("exec/sandbox-setup", "Cannot name the layer %s", target);
}

int mount_overlay(struct stage *stage, const char *name, const struct texts *lowers, const char *upper, const char *work)
{
	/* `volatile`: no fsync, as a step that is cut short is thrown away. Kernels before 5.10 do not know it. */
	static const char *const options[] = {"index=off,userxattr,volatile", "index=off,userxattr"};
	if (mkdirat(stage->fd, name, 0755) < 0)
		fail_errno("exec/sandbox-setup", "Cannot make a mount point");
	int directory = openat(stage->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0 || fchdir(directory) < 0 || mkdirat(directory, "root", 0755) < 0)
		fail_errno("exec/sandbox-setup", "Cannot make a mount point");

	char list[4096];
	size_t used = 0;
	for (size_t i = lowers->count; i-- > 0;) { /* the kernel wants the top one first */
		char number[24];
		snprintf(number, sizeof number, "%zu", i);
		link_layer(directory, lowers->items[i], number);
		used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used ? ":" : "", number);
		if (used + 128 > sizeof list)
			fail("exec/too-many-layers", "Cannot mount %zu layers: the kernel takes 500 at most", lowers->count);
	}
	if (upper) {
		link_layer(directory, upper, "upper");
		link_layer(directory, work, "work");
	}
	for (size_t i = upper ? 0 : 1; i < LENGTH(options); i++) {
		char *data = format_text("lowerdir=%s%s,%s", list, upper ? ",upperdir=upper,workdir=work" : "", options[i]);
		int result = mount("overlay", "root", "overlay", upper ? 0 : MS_RDONLY, data);
		free(data);
		if (result == 0)
			break;
		if (errno != EINVAL || i + 1 == LENGTH(options))
			fail_errno("exec/overlay", "Cannot mount an overlay of %zu layers at %s", lowers->count, upper ? upper : "a mount point");
	}
	int root = openat(directory, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		fail_errno("exec/sandbox-setup", "Cannot open the root file system");
	close(directory);
	if (chdir("/") < 0)
		fail_errno("exec/sandbox-setup", "Cannot leave the root file system");
	return root;
}

static char *work_directory(const struct spec *spec, const char *name)
{
	char *path = format_text("%s/%s", spec->work, name);
	if (mkdir(path, 0755) < 0)
		fail_errno("exec/sandbox-setup", "Cannot make %s", path);
	return path;
}

int make_root(struct stage *stage, const struct spec *spec)
{
	struct stubs stubs;
	if (spec->lowers.count) {
		int root = mount_overlay(stage, "plain", &spec->lowers, spec->upper, work_directory(spec, "plain"));
		if (find_stubs(&stubs, spec, root) == 0)
			return root;
		/*
		 * Mount points are missing. Made in the mounted root they would end up in `upper`, in the image, and drag their parents'
		 * metadata with them. So they get a layer of their own, between the image's layers and `upper`.
		 */
		char *path = work_directory(spec, "stubs");
		make_stubs(&stubs, root, path);
		close(root);
		if (fchdir(stage->fd) < 0 || umount2("plain/root", 0) < 0 || chdir("/") < 0)
			fail_errno("exec/sandbox-mount", "Cannot unmount the overlay");
		struct texts lowers = {.count = spec->lowers.count + 1, .items = allocate(sizeof(char *) * (spec->lowers.count + 1))};
		memcpy(lowers.items, spec->lowers.items, sizeof(char *) * spec->lowers.count);
		lowers.items[spec->lowers.count] = path;
		return mount_overlay(stage, "full", &lowers, spec->upper, work_directory(spec, "full"));
	}
	int upper = open(spec->upper, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (upper < 0)
		fail_errno("exec/sandbox-setup", "Cannot open %s", spec->upper);
	find_stubs(&stubs, spec, upper);
	char *path = work_directory(spec, "stubs");
	make_stubs(&stubs, upper, path);
	close(upper);
	struct texts lowers = {.count = 1, .items = &path};
	return mount_overlay(stage, "full", &lowers, spec->upper, work_directory(spec, "full"));
}
