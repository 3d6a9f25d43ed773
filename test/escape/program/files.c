/* Files of the outside by paths, descriptors and handles. */
#include <dirent.h>

#include "attempt.h"

ATTEMPT(host_file) { return try_open(outside.file, O_RDONLY); }
ATTEMPT(host_file_past_the_root) { return try_open_text(O_RDONLY, "/../../../../../..%s", outside.file); }

ATTEMPT(host_file_past_the_working_directory)
{
	if (chdir("/tmp") < 0)
		return 0;
	return try_open_text(O_RDONLY, "../../../../../..%s", outside.file);
}

/* The host's file, by the roots and working directories of all processes that there are. */
ATTEMPT(roots_of_processes)
{
	int reached = 0, seen = 0;
	DIR *proc = opendir("/proc");
	for (struct dirent *entry; (entry = readdir(proc));) {
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		seen++;
		for (int up = 0; up < 2; up++) {
			reached += try_open_text(O_RDONLY, "/proc/%s/root%s%s", entry->d_name, up ? "/../../.." : "", outside.file) >= 0;
			reached += try_open_text(O_RDONLY, "/proc/%s/cwd%s%s", entry->d_name, up ? "/../../.." : "", outside.file) >= 0;
		}
	}
	say(seen >= 3 ? "%d reached" : "%d reached, few seen", reached);
	return 0;
}

ATTEMPT(first_root) { return try_open("/proc/1/root", O_RDONLY); }
ATTEMPT(first_cwd) { return try_open("/proc/1/cwd/../..", O_RDONLY); }
ATTEMPT(first_exe) { return try_open("/proc/1/exe", O_RDONLY); }
ATTEMPT(first_exe_for_writing) { return try_open("/proc/1/exe", O_WRONLY); }
ATTEMPT(first_exe_as_path) { return try_open("/proc/1/exe", O_PATH); }
ATTEMPT(first_exe_linked) { return linkat(AT_FDCWD, "/proc/1/exe", AT_FDCWD, "/tmp/linked", AT_SYMLINK_FOLLOW); }
ATTEMPT(first_mem) { return try_open("/proc/1/mem", O_RDWR); }
ATTEMPT(first_environ) { return try_open("/proc/1/environ", O_RDONLY); }
ATTEMPT(first_mount_namespace) { return try_open("/proc/1/ns/mnt", O_RDONLY); }
ATTEMPT(first_map_files) { return try_open("/proc/1/map_files/400000-401000", O_RDONLY); }
ATTEMPT(first_stack) { char byte; return read(open("/proc/1/stack", O_RDONLY), &byte, 1); }
ATTEMPT(first_syscall) { char byte; return read(open("/proc/1/syscall", O_RDONLY), &byte, 1); }

ATTEMPT(first_descriptors)
{
	int reached = 0;
	for (int fd = 0; fd < 1024; fd++)
		reached += try_open_text(O_RDONLY, "/proc/1/fd/%d", fd) >= 0;
	say("%d reached", reached);
	return 0;
}

ATTEMPT(chroot_and_back)
{
	int root = open("/", O_RDONLY | O_DIRECTORY);
	mkdir("/tmp/jail", 0700);
	if (chroot("/tmp/jail") < 0 || fchdir(root) < 0)
		return -1;
	for (int i = 0; i < 64; i++)
		if (chdir("..") < 0)
			return -1;
	if (chroot(".") < 0)
		return -1;
	return try_open(outside.file, O_RDONLY);
}

ATTEMPT(pivot_root_) { return syscall(SYS_pivot_root, "/tmp", "/tmp"); }

/* Opens by handle, the way of the exploit "shocker". */
ATTEMPT(open_by_handle)
{
	struct {
		struct file_handle is;
		char room[128];
	} handle = {.is = {.handle_bytes = 8, .handle_type = 1}};
	memcpy(handle.is.f_handle, "\2\0\0\0\0\0\0\0", 8);
	return open_by_handle_at(open("/etc/hosts", O_RDONLY), &handle.is, O_RDONLY);
}

ATTEMPT(parent_of_a_removed_directory)
{
	mkdir("/tmp/gone", 0700);
	if (chdir("/tmp/gone") < 0 || rmdir("/tmp/gone") < 0)
		return 0;
	return try_open_text(O_RDONLY, "../../../../..%s", outside.file);
}

ATTEMPT(descriptors)
{
	for (int fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			say("%s%d", fd ? " " : "", fd);
	return 0;
}

ATTEMPT(descriptor_targets)
{
	for (int fd = 0; fd <= 2; fd++) {
		char path[32], target[256];
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		ssize_t length = readlink(path, target, sizeof target - 1);
		target[length > 0 ? length : 0] = 0;
		say("%s%.*s", fd ? " " : "", (int)strcspn(target, ":"), target);
	}
	return 0;
}

ATTEMPT(parents_of_descriptors)
{
	int reached = 0;
	for (int fd = 0; fd <= 2; fd++)
		reached += openat(fd, "..", O_RDONLY) >= 0;
	say("%d reached", reached);
	return 0;
}

ATTEMPT(input_mode) { return fchmod(0, 0600); }
ATTEMPT(input_owner) { return fchown(0, 1, 1); }
ATTEMPT(input_times) { return futimens(0, NULL); }
ATTEMPT(host_shared_memory) { return try_open_text(O_RDONLY, "/dev/shm/%s", outside.shm); }
ATTEMPT(stat_host_path) { struct stat status; return stat(outside.file, &status); }
ATTEMPT(chown_host_path) { return chown(outside.file, 5, 5); }
ATTEMPT(hosts_file) { return try_open("/etc/hosts", O_WRONLY); }
ATTEMPT(hosts_file_mode) { return chmod("/etc/hosts", 0666); }
ATTEMPT(resolver_file) { return try_open("/etc/resolv.conf", O_WRONLY); }

ATTEMPT(store_in_mounts)
{
	char line[8192];
	FILE *file = fopen("/proc/self/mountinfo", "re");
	int found = 0;
	while (file && fgets(line, sizeof line, file))
		if (strstr(line, " / / ") && strstr(line, "overlay"))
			found += strstr(line, "upperdir=/") || strstr(line, "lowerdir=/");
	say("%d paths", found);
	return 0;
}
