#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ownership/mapped.h"
#include "sandbox/mount-api.h"
#include "sandbox/mounts.h"
#include "ownership/owners.h"
#include "sandbox/walk.h"

void attach_inside(int mount, int root, const char *dest, bool file)
{
	struct walk at;
	struct stat status;
	if (!walk(&at, root, dest, file ? WALK_MAKE_FILE : WALK_MAKE_DIRECTORY))
		fail_errno("exec/mount-point", "Cannot mount at \"%s\"", dest);
	if (at.depth == 0)
		fail("exec/mount-point", "Cannot mount at \"%s\": it is the root of the file system", dest);
	if (fstat(walk_fd(&at), &status) < 0)
		fail_errno("exec/mount-point", "Cannot mount at \"%s\"", dest);
	if (S_ISDIR(status.st_mode) == file)
		fail("exec/mount-point", "Cannot mount a %s at \"%s\": a %s is there", file ? "file" : "directory", dest,
		     file ? "directory" : "file");
	if (!attach_mount(mount, walk_fd(&at)))
		fail_errno("exec/sandbox-mount", "Cannot mount at \"%s\"", dest);
	walk_end(&at);
	close(mount);
}

int file_mount(struct stage *stage, const char *name, const char *data, size_t size, uid_t uid, gid_t gid, mode_t mode)
{
	int fd = openat(stage->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		fail_errno("exec/sandbox-setup", "Cannot make a file on a tmpfs");
	write_all(fd, data, size, "a file on a tmpfs");
	char own[64];
	snprintf(own, sizeof own, "/proc/self/fd/%d", fd);
	/* Where the owner is virtual, there is one that may read it, whatever is shown. */
	bool mapped = is_mapped_user(uid) && is_mapped_group(gid), given = mapped ? fchown(fd, uid, gid) == 0 : give_to(own, 0, (struct owner){uid, gid});
	if (!given || fchmod(fd, mode) < 0)
		fail_errno("exec/sandbox-setup", "Cannot give a file to %u:%u with mode %o", uid, gid, mode);
	close(fd);
	int mount = copy_mount(stage->fd, name);
	if (mount < 0 || !set_attributes(mount, ATTRIBUTE_READONLY | ATTRIBUTE_NOSUID | ATTRIBUTE_NODEV | ATTRIBUTE_NOEXEC))
		fail_errno("exec/sandbox-mount", "Cannot mount a file of a tmpfs");
	return mount;
}

static int filesystem(const char *type, const struct fs_option *options, unsigned attributes)
{
	int mount = new_filesystem(type, options, attributes);
	if (mount < 0)
		fail_errno("exec/sandbox-mount", "Cannot mount a new %s in the user namespace", type);
	return mount;
}

static void mount_device(int dev, const char *name, bool needed)
{
	char source[64];
	snprintf(source, sizeof source, "/dev/%s", name);
	int mount = copy_mount(AT_FDCWD, source);
	if (mount < 0 && !needed)
		return;
	int target = openat(dev, name, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (mount < 0 || target < 0 || !set_attributes(mount, ATTRIBUTES_OF_DEVICES) || !attach_mount(mount, target))
		fail_errno("exec/sandbox-mount", "Cannot mount the host's %s read-only", source);
	close(target);
	close(mount);
}

static void mount_below(int mount, int directory, const char *name)
{
	if (mkdirat(directory, name, 0755) < 0)
		fail_errno("exec/sandbox-setup", "Cannot make /dev/%s", name);
	int target = openat(directory, name, O_PATH | O_CLOEXEC);
	if (target < 0 || !attach_mount(mount, target))
		fail_errno("exec/sandbox-mount", "Cannot mount /dev/%s", name);
	close(target);
	close(mount);
}

static void mount_dev(const struct spec *spec, int root)
{
	static const struct {
		const char *name, *target;
	} links[] = {{"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
	             {"stderr", "/proc/self/fd/2"}, {"core", "/proc/kcore"},      {"ptmx", "pts/ptmx"}};
	static const struct {
		const char *name;
		bool needed;
	} devices[] = {{"null", true}, {"zero", true}, {"full", true}, {"random", true}, {"urandom", true}, {"tty", false}};
	struct fs_option terminals[] = {{"newinstance", NULL}, {"ptmxmode", "0666"}, {"mode", "0620"}, {"gid", "5"}, {NULL, NULL}};
	char size[32];

	int dev = filesystem("tmpfs", (struct fs_option[]){{"mode", "0755"}, {"size", "65536k"}, {NULL, NULL}}, ATTRIBUTE_NOSUID);
	int keep = fcntl(dev, F_DUPFD_CLOEXEC, 0);
	attach_inside(dev, root, "/dev", false);
	for (size_t i = 0; i < LENGTH(devices); i++)
		mount_device(keep, devices[i].name, devices[i].needed);
	for (size_t i = 0; i < LENGTH(links); i++)
		if (symlinkat(links[i].target, keep, links[i].name) < 0)
			fail_errno("exec/sandbox-setup", "Cannot make /dev/%s", links[i].name);

	int pts = new_filesystem("devpts", terminals, ATTRIBUTE_NOSUID | ATTRIBUTE_NOEXEC);
	if (pts < 0) { /* group 5 (tty) is not mapped */
		terminals[3].key = NULL;
		pts = filesystem("devpts", terminals, ATTRIBUTE_NOSUID | ATTRIBUTE_NOEXEC);
	}
	mount_below(pts, keep, "pts");
	unsigned strict = ATTRIBUTE_NOSUID | ATTRIBUTE_NODEV | ATTRIBUTE_NOEXEC;
	if (spec->shm_size > 0) {
		snprintf(size, sizeof size, "%llu", (unsigned long long)spec->shm_size);
		mount_below(filesystem("tmpfs", (struct fs_option[]){{"mode", "1777"}, {"size", size}, {NULL, NULL}}, strict), keep, "shm");
	} else if (mkdirat(keep, "shm", 0755) < 0) /* the step mounts something else there */
		fail_errno("exec/sandbox-setup", "Cannot make /dev/shm");
	mount_below(filesystem("mqueue", (struct fs_option[]){{NULL, NULL}}, strict), keep, "mqueue");
	close(keep);
}

static int empty_mount(struct stage *stage)
{
	int mount = copy_mount(stage->fd, "empty");
	if (mount < 0 || !set_attributes(mount, ATTRIBUTE_READONLY | ATTRIBUTE_NOSUID | ATTRIBUTE_NODEV | ATTRIBUTE_NOEXEC))
		fail_errno("exec/sandbox-mount", "Cannot mount an empty directory");
	return mount;
}

/*
 * With a network namespace of our own the kernel gives us a fresh sysfs. With the host's network it does not, so the host's /sys is shown,
 * with all that is mounted in it: a part could not be left out, as the kernel keeps mounts of another user namespace together.
 */
static void mount_sys(struct stage *stage, const struct spec *spec, int root)
{
	unsigned attributes = ATTRIBUTE_NOSUID | ATTRIBUTE_NODEV | ATTRIBUTE_NOEXEC | (spec->sys_writable ? 0 : ATTRIBUTE_READONLY);
	int mount = spec->network ? -1 : new_filesystem("sysfs", (struct fs_option[]){{NULL, NULL}}, attributes);
	if (mount < 0) {
		mount = copy_mount(AT_FDCWD, "/sys");
		if (mount < 0 || !set_attributes(mount, attributes))
			fail_errno("exec/sandbox-mount", "Cannot mount the host's /sys read-only");
	}
	attach_inside(mount, root, "/sys", false);
	struct walk at;
	if (walk(&at, root, "/sys/fs/cgroup", WALK_FIND) && walk_fd(&at) >= 0) {
		int empty = empty_mount(stage);
		if (!attach_mount(empty, walk_fd(&at)))
			fail_errno("exec/sandbox-mount", "Cannot cover /sys/fs/cgroup");
		close(empty);
	}
	walk_end(&at);
}

static void restrict_path(struct stage *stage, int root, const char *path, bool masked)
{
	struct walk at;
	struct stat status;
	if (walk(&at, root, path, WALK_FIND) && walk_fd(&at) >= 0 && fstat(walk_fd(&at), &status) == 0) {
		int mount;
		if (!masked) {
			mount = copy_mount(walk_fd(&at), "");
			if (mount >= 0 && !set_attributes(mount, ATTRIBUTE_READONLY))
				fail_errno("exec/sandbox-mount", "Cannot make \"%s\" read-only", path);
		} else if (S_ISDIR(status.st_mode)) {
			mount = empty_mount(stage);
		} else {
			mount = copy_mount(stage->fd, "null");
		}
		if (mount < 0 || !attach_mount(mount, walk_fd(&at)))
			fail_errno("exec/sandbox-mount", "Cannot %s \"%s\"", masked ? "mask" : "make read-only", path);
		close(mount);
	}
	walk_end(&at);
}

void mount_standard(struct stage *stage, const struct spec *spec, int root)
{
	attach_inside(filesystem("proc", (struct fs_option[]){{NULL, NULL}}, ATTRIBUTE_NOSUID | ATTRIBUTE_NODEV | ATTRIBUTE_NOEXEC), root,
	              "/proc", false);
	mount_dev(spec, root);
	mount_sys(stage, spec, root);
	attach_inside(file_mount(stage, "hosts", spec->hosts, strlen(spec->hosts), 0, 0, 0644), root, "/etc/hosts", true);
	attach_inside(file_mount(stage, "resolv.conf", spec->resolv_conf, strlen(spec->resolv_conf), 0, 0, 0644), root, "/etc/resolv.conf",
	              true);
	for (size_t i = 0; i < spec->readonly_paths.count; i++)
		restrict_path(stage, root, spec->readonly_paths.items[i], false);
	for (size_t i = 0; i < spec->masked.count; i++)
		restrict_path(stage, root, spec->masked.items[i], true);
}
