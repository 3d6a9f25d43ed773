#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/walk.h"
#include "mounts/attach.h"
#include "mounts/mounts.h"
#include "mounts/outer-proc.h"

static int mount_empty(struct stage *stage)
{
	int mount = copy_mount(stage->fd, "empty");
	if (mount < 0 || !set_attributes(mount, ATTRIBUTES_OF_COVERS))
		fail_errno("exec/sandbox-mount", "Cannot mount an empty directory");
	return mount;
}

/* Mounts /proc; returns a descriptor of its root, which no later mount hides. */
static int mount_proc(const struct spec *spec, int root)
{
	cleanup_fd int proc = spec->outer_proc ? copy_outer_proc() : mount_new("proc", NO_OPTIONS, ATTRIBUTES_OF_DATA);
	attach_inside(proc, root, "/proc", false);
	return take_fd(&proc);
}

static void mount_dev(const struct spec *spec, int root)
{
	cleanup_fd int dev = mount_new("tmpfs", OPTIONS({"mode", "0755"}, {"size", "65536k"}), ATTRIBUTE_NOSUID);
	attach_inside(dev, root, "/dev", false);
	fill_dev(spec, dev);
}

static void cover_cgroups(struct stage *stage, int root)
{
	cleanup_walk struct walk at = NO_WALK;
	if (!walk(&at, root, "/sys/fs/cgroup", WALK_FIND) || walk_fd(&at) < 0)
		return;
	cleanup_fd int empty = mount_empty(stage);
	if (!attach_mount(empty, walk_fd(&at)))
		fail_errno("exec/sandbox-mount", "Cannot cover /sys/fs/cgroup");
}

/*
 * Mounts /sys. With a network namespace of its own, the step gets a new sysfs. With the host's
 * network the kernel refuses that, so the host's /sys is shown, with everything that is mounted in
 * it: no part can be left out, because the kernel keeps mounts of another user namespace together.
 */
static void mount_sys(struct stage *stage, const struct spec *spec, int root)
{
	unsigned attributes = ATTRIBUTES_OF_DATA | (spec->sys_writable ? 0 : ATTRIBUTE_READONLY);
	cleanup_fd int mount = spec->network ? -1 : new_filesystem("sysfs", NO_OPTIONS, attributes);
	if (mount < 0) {
		mount = copy_mount(AT_FDCWD, "/sys");
		if (mount < 0 || !set_attributes(mount, attributes))
			fail_errno("exec/sandbox-mount", "Cannot mount the host's /sys read-only");
	}
	attach_inside(mount, root, "/sys", false);
	cover_cgroups(stage, root);
}

static void mount_text(struct stage *stage, int root, const char *name, const char *text, const char *dest)
{
	struct file_mount file = {.name = name, .data = text, .size = strlen(text), .mode = 0644};
	cleanup_fd int mount = mount_file(stage, &file);
	attach_inside(mount, root, dest, true);
}

/* Finds a path that is there; its status follows. */
static bool find_existing(struct walk *at, int root, const char *path, struct stat *status)
{
	return walk(at, root, path, WALK_FIND) && walk_fd(at) >= 0 && fstat(walk_fd(at), status) == 0;
}

static void make_readonly(int root, const char *path)
{
	cleanup_walk struct walk at = NO_WALK;
	struct stat status;
	if (!find_existing(&at, root, path, &status))
		return;
	cleanup_fd int mount = copy_mount(walk_fd(&at), "");
	if (mount < 0 || !set_attributes(mount, ATTRIBUTE_READONLY) || !attach_mount(mount, walk_fd(&at)))
		fail_errno("exec/sandbox-mount", "Cannot make \"%s\" read-only", path);
}

/* Covers a directory with an empty one, a file with /dev/null. */
static void mask(struct stage *stage, int root, const char *path)
{
	cleanup_walk struct walk at = NO_WALK;
	struct stat status;
	if (!find_existing(&at, root, path, &status))
		return;
	cleanup_fd int mount = S_ISDIR(status.st_mode) ? mount_empty(stage) : copy_mount(stage->fd, "null");
	if (mount < 0 || !attach_mount(mount, walk_fd(&at)))
		fail_errno("exec/sandbox-mount", "Cannot mask \"%s\"", path);
}

int mount_standard(struct stage *stage, const struct spec *spec, int root)
{
	int proc = mount_proc(spec, root);
	mount_dev(spec, root);
	mount_sys(stage, spec, root);
	mount_text(stage, root, "hosts", spec->hosts, "/etc/hosts");
	mount_text(stage, root, "resolv.conf", spec->resolv_conf, "/etc/resolv.conf");
	for (size_t i = 0; i < spec->readonly_paths.count; i++)
		make_readonly(root, spec->readonly_paths.items[i]);
	for (size_t i = 0; i < spec->masked.count; i++)
		mask(stage, root, spec->masked.items[i]);
	return proc;
}
