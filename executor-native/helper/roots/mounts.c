#include "roots/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/walk.h"
#include "roots/sources.h"
#include "roots/terminals.h"
#include "tree/layers.h"

#define CODE "exec/sandbox-setup"

/* The monitor makes directories of the same names in those of /proc and /sys. */
#define OUTSIDE_MODE 0755

static void make_directory(const char *path, mode_t mode)
{
	if (mkdir(path, mode) < 0)
		fail_errno(CODE, "Cannot make the directory \"%s\"", path);
}

static void place_directory(struct places *places, const char *dest, mode_t mode)
{
	cleanup_free char *path = make_place(places, dest, true);
	make_directory(path, mode);
}

struct content {
	const char *data;
	size_t size;
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

/* Gives a file its owner and mode; false with errno. */
static bool give_content(const struct places *places, int fd, const struct content *content)
{
	const struct stat look = {.st_uid = content->uid, .st_gid = content->gid, .st_mode = S_IFREG | content->mode};
	if (places->looks)
		return make_look(places->looks, fd, &look);
	return fchown(fd, content->uid, content->gid) == 0 && fchmod(fd, content->mode) == 0;
}

static void place_content(struct places *places, const char *dest, const struct content *content)
{
	cleanup_free char *path = make_place(places, dest, false);
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		fail_errno(CODE, "Cannot make the file \"%s\"", path);
	write_all(fd, content->data, content->size, dest);
	if (!give_content(places, fd, content))
		fail_errno(CODE, "Cannot give the file \"%s\" to its owner", path);
}

static void place_text(struct places *places, const char *dest, const char *text)
{
	place_content(places, dest, &(struct content){.data = text, .size = strlen(text), .mode = 0644});
}

/* Devices that every step has. Their numbers are the same on every Linux. */
static const struct {
	const char *name;
	unsigned minor, major;
} devices[] = {
	{"null", 3, 1}, {"zero", 5, 1}, {"full", 7, 1}, {"random", 8, 1}, {"urandom", 9, 1}, {"tty", 0, 5},
};

static const struct {
	const char *name, *target;
} device_links[] = {
	{"fd", "/proc/self/fd"},
	{"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"},
	{"core", "/proc/kcore"},
};

/*
 * Makes a device. Makes an empty file of that name and returns false where devices cannot be made
 * or opened: the monitor then opens the machine's device instead (see outside-proc.c).
 */
static bool make_device(const char *path, dev_t number)
{
	cleanup_fd int device = mknod(path, S_IFCHR | 0666, number) < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (device >= 0 || errno == ENXIO)
		return true;
	unlink(path);
	if (mknod(path, S_IFREG | 0666, 0) < 0)
		fail_errno(CODE, "Cannot make \"%s\"", path);
	return false;
}

/* Makes empty files with the names of ptmx; the monitor opens the machine's ptmx instead. */
static void place_maker(const char *devices)
{
	cleanup_free char *link = format_text("%s/ptmx", devices), *file = format_text("%s/pts/ptmx", devices);
	if (symlink("pts/ptmx", link) < 0 || mknod(file, S_IFREG | 0666, 0) < 0)
		fail_errno(CODE, "Cannot make \"%s\"", file);
}

static void place_devices(struct places *places)
{
	cleanup_free char *path = make_place(places, "/dev", true);
	make_directory(path, 0755);
	for (size_t i = 0; i < LENGTH(devices); i++) {
		cleanup_free char *device = format_text("%s/%s", path, devices[i].name);
		if (!make_device(device, makedev(devices[i].major, devices[i].minor)))
			places->lends_devices = true;
	}
	for (size_t i = 0; i < LENGTH(device_links); i++) {
		cleanup_free char *link = format_text("%s/%s", path, device_links[i].name);
		if (symlink(device_links[i].target, link) < 0)
			fail_errno(CODE, "Cannot make the link \"%s\"", link);
	}
	places->lends_terminals = has_terminals();
	cleanup_free char *pts = format_text("%s/pts", path), *shm = format_text("%s/shm", path);
	cleanup_free char *queues = format_text("%s/mqueue", path);
	make_directory(pts, 0755);
	make_directory(shm, 01777);
	make_directory(queues, 01777);
	if (places->lends_terminals)
		place_maker(path);
}

/* Puts a copy at the place of a read-only mount. Changes of the copy are thrown away. */
static void place_copy(struct places *places, const struct mount_spec *mount, const struct stat *status)
{
	struct copying copying = {0};
	cleanup_free char *path = make_place(places, mount->dest, S_ISDIR(status->st_mode));
	if (S_ISDIR(status->st_mode))
		lend_copy(places, mount->source, path);
	else
		copy_file(mount->source, path, status, &copying);
}

/* Puts another name of a socket at its place, by which its listener is reached. */
static void place_socket(struct places *places, const struct mount_spec *mount)
{
	cleanup_free char *path = make_place(places, mount->dest, false);
	if (link(mount->source, path) < 0)
		fail_errno("exec/mount-source", "Cannot mount the socket \"%s\" at \"%s\"", mount->source, mount->dest);
}

static void place_bind(struct places *places, const struct mount_spec *mount)
{
	struct stat status;
	if (lstat(mount->source, &status) < 0)
		fail_errno("exec/mount-source", "Cannot mount \"%s\" at \"%s\"", mount->source, mount->dest);
	if (S_ISSOCK(status.st_mode)) {
		place_socket(places, mount);
	} else if (mount->readonly) {
		place_copy(places, mount, &status);
	} else {
		cleanup_free char *path = make_place(places, mount->dest, S_ISDIR(status.st_mode));
		lend(places, mount, path);
	}
}

/*
 * Puts a copy of a part of a directory of the machine at its place. Changes of the copy are thrown
 * away.
 */
static void place_host(struct places *places, const struct mount_spec *mount)
{
	struct stat status;
	struct copying copying = {0};
	cleanup_walk struct walk at = NO_WALK;
	cleanup_fd int top = open(mount->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (top < 0 || !walk(&at, top, mount->source, WALK_FIND) || walk_fd(&at) < 0 || fstat(walk_fd(&at), &status) < 0)
		fail_errno("exec/mount-source", "Cannot mount \"%s\" of \"%s\" at \"%s\"", mount->source, mount->directory,
		           mount->dest);
	cleanup_free char *source = format_text("%s%s", mount->directory, at.real);
	cleanup_free char *path = make_place(places, mount->dest, S_ISDIR(status.st_mode));
	if (S_ISDIR(status.st_mode))
		copy_tree(source, path, &copying);
	else
		copy_file(source, path, &status, &copying);
}

/*
 * Makes a node of a device of the machine, where this process may make one that opens. Without any
 * privilege it is an empty file of that name: the monitor opens the machine's device instead.
 */
static void place_device(struct places *places, const struct mount_spec *mount)
{
	struct stat status;
	if (places->looks) {
		place_text(places, mount->dest, "");
		return;
	}
	if (stat(mount->source, &status) < 0)
		fail_errno("exec/mount-source", "Cannot mount \"%s\" at \"%s\"", mount->source, mount->dest);
	cleanup_free char *path = make_place(places, mount->dest, false);
	if (mknod(path, (status.st_mode & S_IFMT) | 0600, status.st_rdev) < 0 ||
	    chown(path, status.st_uid, status.st_gid) < 0 || chmod(path, status.st_mode & MODE_BITS) < 0)
		fail_errno("exec/device", "Cannot give the step the device \"%s\": without mounts it needs a node of its own",
		           mount->source);
}

static void place_layers(struct places *places, const struct mount_spec *mount)
{
	struct merged merged;
	if (!mount->lowers.count) {
		place_directory(places, mount->dest, 0755);
		return;
	}
	if (!find_in_layers(&mount->lowers, mount->source, &merged))
		fail("exec/mount-source", "Cannot mount \"%s\" at \"%s\": there is no such file or directory in the source",
		     mount->source, mount->dest);
	cleanup_free char *path = make_place(places, mount->dest, !merged.file);
	copy_merged(&merged, path, (struct carried){.owners = NULL});
}

static void place_file(struct places *places, const struct mount_spec *mount)
{
	const struct content content = {
		.data = mount->data,
		.size = mount->data_size,
		.uid = (uid_t)mount->uid,
		.gid = (gid_t)mount->gid,
		.mode = (mode_t)mount->mode & MODE_BITS,
	};
	place_content(places, mount->dest, &content);
}

static void place_mount(struct places *places, const struct mount_spec *mount)
{
	if (strcmp(mount->dest, "/dev") == 0)
		places->lends_devices = places->lends_terminals = false; /* the step's own is all there is */
	switch (mount->type) {
	case MOUNT_BIND:
		place_bind(places, mount);
		break;
	case MOUNT_HOST:
		place_host(places, mount);
		break;
	case MOUNT_DEVICE:
		place_device(places, mount);
		break;
	case MOUNT_OVERLAY:
		place_layers(places, mount);
		break;
	case MOUNT_TMPFS:
		place_directory(places, mount->dest, 01777);
		break;
	case MOUNT_FILE:
		place_file(places, mount);
		break;
	}
}

static void place_standard(struct places *places, const struct spec *spec)
{
	place_directory(places, "/proc", OUTSIDE_MODE);
	place_directory(places, "/sys", OUTSIDE_MODE);
	place_devices(places);
	place_text(places, "/etc/hosts", spec->hosts);
	place_text(places, "/etc/resolv.conf", spec->resolv_conf);
}

void place_mounts(struct places *places, const struct spec *spec, bool has_standard)
{
	if (has_standard && !spec->mount_count)
		return;
	if (!has_standard)
		place_standard(places, spec);
	for (size_t i = 0; i < spec->mount_count; i++)
		place_mount(places, &spec->mounts[i]);
	restore_parents(places);
}
