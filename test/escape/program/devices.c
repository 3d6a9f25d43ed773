/* Device nodes and terminals. */
#include <dirent.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <termios.h>

#include "attempt.h"

ATTEMPT(node_of_a_disk) { return mknod("/tmp/disk", S_IFBLK | 0600, makedev(8, 0)); }
ATTEMPT(node_of_memory) { return mknod("/tmp/mem", S_IFCHR | 0600, makedev(1, 1)); }
ATTEMPT(node_of_null) { return mknod("/tmp/null", S_IFCHR | 0600, makedev(1, 3)); }
ATTEMPT(node_of_a_disk_opened) { return try_open("/tmp/disk", O_RDWR); }
ATTEMPT(node_of_memory_opened) { return try_open("/tmp/mem", O_RDONLY); }
ATTEMPT(node_of_null_opened) { return try_open("/tmp/null", O_WRONLY); }

/* By the descriptor of its name, and by another name of it. */
ATTEMPT(node_by_other_ways)
{
	char text[64];
	int held = open("/tmp/disk", O_PATH | O_CLOEXEC);
	snprintf(text, sizeof text, "/proc/self/fd/%d", held);
	int fd = open(text, O_RDONLY | O_CLOEXEC);
	say("%s", fd < 0 ? "ENXIO" : read(fd, text, sizeof text) == 0 ? "nothing" : "something");
	if (link("/tmp/disk", "/tmp/disk2") < 0)
		return -1;
	say(" %s", try_open("/tmp/disk2", O_RDONLY) < 0 && errno == ENXIO ? "ENXIO" : "opened");
	return 0;
}

/* The kind that the directory has, for which nobody answers. */
ATTEMPT(node_kind_in_its_directory)
{
	DIR *directory = opendir("/tmp");
	for (struct dirent *entry; directory && (entry = readdir(directory));)
		if (strcmp(entry->d_name, "disk") == 0)
			say("%s", entry->d_type == DT_BLK || entry->d_type == DT_CHR ? "device" : "file");
	return 0;
}

ATTEMPT(node_in_shm) { return mknod("/dev/shm/mem", S_IFCHR | 0600, makedev(1, 1)); }
ATTEMPT(node_in_dev) { return mknod("/dev/mem", S_IFCHR | 0600, makedev(1, 1)); }
ATTEMPT(node_of_a_whiteout) { return mknod("/tmp/whiteout", S_IFCHR, makedev(0, 0)); }

static int by_text(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static long list(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, by_text);
	for (int i = 0; i < count; i++)
		if (entries[i]->d_name[0] != '.')
			say(" %s", entries[i]->d_name);
	return count;
}

ATTEMPT(devices) { return list("/dev"); }
ATTEMPT(terminals) { return list("/dev/pts"); }

ATTEMPT(terminals_of_others)
{
	char path[32];
	int count = 0;
	for (int number = 0; number < 4096; number++) {
		snprintf(path, sizeof path, "/dev/pts/%d", number);
		count += try_open(path, O_RDWR) >= 0;
	}
	say("%d opened", count);
	return 0;
}

ATTEMPT(own_terminal)
{
	char text[8] = "";
	int maker = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (maker < 0 || grantpt(maker) < 0 || unlockpt(maker) < 0)
		return -1;
	int terminal = open(ptsname(maker), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (terminal < 0 || write(terminal, "text", 4) != 4 || read(maker, text, sizeof text) != 4)
		return -1;
	say("%s", text);
	return 0;
}

static const char *const devices_of_the_host[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"};

/* The names of the errors, one for each device. */
static long for_devices(long (*change)(const char *path))
{
	for (size_t i = 0; i < LENGTH(devices_of_the_host); i++)
		say("%s%s", i ? " " : "", change(devices_of_the_host[i]) < 0 ? strerrorname_np(errno) : "done");
	return 0;
}

static long change_mode(const char *path) { return chmod(path, 0600); }
static long change_owner(const char *path) { return chown(path, 1, 1); }
static long change_times(const char *path) { return utimensat(AT_FDCWD, path, NULL, 0); }
static long change_attribute(const char *path) { return setxattr(path, "user.x", "x", 1, 0); }
static long change_list(const char *path) { return setxattr(path, "system.posix_acl_access", "\2\0\0\0", 4, 0); }
static long change_capabilities(const char *path) { return setxattr(path, "security.capability", "\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20, 0); }
static long take_away(const char *path) { return unlink(path); }
static long move_away(const char *path) { return rename(path, "/dev/moved"); }

static long change_opened(const char *path)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		fd = open(path, O_PATH | O_CLOEXEC);
	char link[32];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	return chmod(link, 0600);
}

ATTEMPT(device_modes) { return for_devices(change_mode); }
ATTEMPT(device_modes_by_descriptor) { return for_devices(change_opened); }
ATTEMPT(device_owners) { return for_devices(change_owner); }
ATTEMPT(device_times) { return for_devices(change_times); }
ATTEMPT(device_attributes) { return for_devices(change_attribute); }
ATTEMPT(device_lists) { return for_devices(change_list); }
ATTEMPT(device_capabilities) { return for_devices(change_capabilities); }
ATTEMPT(devices_removed) { return for_devices(take_away); }
ATTEMPT(devices_moved) { return for_devices(move_away); }

ATTEMPT(devices_work)
{
	char bytes[8] = "1234567";
	int null = open("/dev/null", O_RDWR | O_CREAT | O_TRUNC, 0666), zero = open("/dev/zero", O_RDWR);
	bool work = write(null, bytes, 8) == 8 && read(null, bytes, 8) == 0 && read(zero, bytes, 8) == 8 && bytes[0] == 0 && write(zero, bytes, 8) == 8 &&
	            read(open("/dev/urandom", O_RDONLY), bytes, 8) == 8 && read(open("/dev/random", O_RDONLY), bytes, 8) == 8 &&
	            write(open("/dev/full", O_WRONLY), bytes, 8) < 0 && errno == ENOSPC;
	say(work ? "all" : "not all");
	return 0;
}

/* A file, or what lies over a file. */
ATTEMPT(mask_mode) { return chmod("/proc/timer_list", 0600); }
ATTEMPT(mask_owner) { return chown("/proc/timer_list", 1, 1); }
ATTEMPT(mask_times) { return utimensat(AT_FDCWD, "/proc/timer_list", NULL, 0); }
ATTEMPT(mask_of_a_directory) { return mkdir("/sys/firmware/x", 0700); }
ATTEMPT(mask_of_a_directory_mode) { return chmod("/sys/firmware", 0777); }

ATTEMPT(device_locked) { return flock(open("/dev/null", O_RDONLY), LOCK_EX | LOCK_NB); }

ATTEMPT(terminal) { return try_open("/dev/tty", O_RDWR); }
ATTEMPT(input_of_a_terminal) { return ioctl(0, TIOCSTI, "x"); }
ATTEMPT(controlling_terminal) { return ioctl(0, TIOCSCTTY, 1); }
ATTEMPT(console_selection) { char code = 3; return ioctl(0, TIOCLINUX, &code); }
ATTEMPT(console_of_the_host) { return try_open("/dev/console", O_RDWR); }
