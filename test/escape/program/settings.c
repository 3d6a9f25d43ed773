/* Settings and tables of the kernel in /proc and /sys. */
#include <dirent.h>
#include <ftw.h>

#include "attempt.h"

#define TO_WRITE(name, path) ATTEMPT(name) { return try_open(path, O_WRONLY); }
TO_WRITE(core_pattern, "/proc/sys/kernel/core_pattern")
TO_WRITE(modprobe_path, "/proc/sys/kernel/modprobe")
TO_WRITE(address_layout, "/proc/sys/kernel/randomize_va_space")
TO_WRITE(host_name, "/proc/sys/kernel/hostname")
TO_WRITE(forwarding, "/proc/sys/net/ipv4/ip_forward")
TO_WRITE(caches, "/proc/sys/vm/drop_caches")
TO_WRITE(binary_formats, "/proc/sys/fs/binfmt_misc/register")
TO_WRITE(key_quota, "/proc/sys/kernel/keys/maxkeys")
TO_WRITE(sysrq, "/proc/sysrq-trigger")
TO_WRITE(dynamic_debug, "/proc/dynamic_debug/control")
TO_WRITE(interrupts, "/proc/irq/default_smp_affinity")
TO_WRITE(memory_types, "/proc/mtrr")
TO_WRITE(uevent_helper, "/sys/kernel/uevent_helper")
TO_WRITE(power_state, "/sys/power/state")
TO_WRITE(huge_pages, "/sys/kernel/mm/transparent_hugepage/enabled")
TO_WRITE(processor, "/sys/devices/system/cpu/cpu1/online")
TO_WRITE(module_parameter, "/sys/module/printk/parameters/time")
TO_WRITE(own_cgroup, "/sys/fs/cgroup/cgroup.procs")

/* Returns how many bytes can be read, up to one page. */
static long bytes_of(const char *path)
{
	char text[4096];
	int fd = open(path, O_RDONLY | O_NONBLOCK);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text);
	if (size >= 0)
		say("%zd bytes", size);
	return size;
}

ATTEMPT(caches_of_the_kernel) { return try_open("/proc/slabinfo", O_RDONLY); }
ATTEMPT(allocations_of_the_kernel) { return try_open("/proc/vmallocinfo", O_RDONLY); }
ATTEMPT(serial_number) { return try_open("/sys/class/dmi/id/product_serial", O_RDONLY); }
ATTEMPT(disks) { return try_open("/sys/block/vda/queue/read_ahead_kb", O_WRONLY); }
ATTEMPT(core_of_the_kernel) { return bytes_of("/proc/kcore"); }
ATTEMPT(kernel_messages) { return bytes_of("/proc/kmsg"); }
ATTEMPT(kernel_messages_device) { return try_open("/dev/kmsg", O_RDONLY); }
ATTEMPT(keys) { return bytes_of("/proc/keys"); }
ATTEMPT(timers) { return bytes_of("/proc/timer_list"); }
ATTEMPT(page_flags) { return try_open("/proc/kpageflags", O_RDONLY); }
ATTEMPT(page_counts) { return try_open("/proc/kpagecount", O_RDONLY); }
ATTEMPT(own_page_frames)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY);
	if (fd < 0 || pread(fd, &entry, 8, (off_t)((uintptr_t)&entry / 4096 * 8)) != 8)
		return -1;
	say(entry & 0x7fffffffffffffull ? "shown" : "hidden");
	return 0;
}

/* Looks for addresses of the kernel. */
ATTEMPT(symbols)
{
	char line[256] = "";
	FILE *file = fopen("/proc/kallsyms", "re");
	if (!file || !fgets(line, sizeof line, file))
		return -1;
	say(strncmp(line, "0000000000000000 ", 17) == 0 ? "hidden" : "shown");
	return 0;
}

static int below(const char *path)
{
	int count = 0;
	DIR *directory = opendir(path);
	for (struct dirent *entry; directory && (entry = readdir(directory));)
		count += entry->d_name[0] != '.';
	if (directory)
		closedir(directory);
	return count;
}

/* Lists directories that describe the host or change it. */
ATTEMPT(covered_directories)
{
	static const char *const paths[] = {"/sys/kernel/debug",    "/sys/kernel/tracing", "/sys/kernel/security", "/sys/kernel/config", "/sys/fs/bpf",
	                                    "/sys/fs/fuse/connections", "/sys/fs/pstore",  "/sys/firmware",        "/sys/fs/cgroup",     "/proc/acpi",
	                                    "/proc/asound",         "/proc/scsi",          "/sys/devices/virtual/powercap"};
	int count = 0;
	for (size_t i = 0; i < LENGTH(paths); i++)
		count += below(paths[i]);
	say("%d entries", count);
	return 0;
}

ATTEMPT(new_cgroup) { return mkdir("/sys/fs/cgroup/x", 0755); }

/*
 * Finds a file of /proc that is no process's and can be opened for writing, which changes nothing.
 */
static int first_writable(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)at;
	if (type == FTW_F && S_ISREG(status->st_mode) && status->st_mode & 0222 && try_open(path, O_WRONLY) >= 0)
		say(" %s", path);
	return 0;
}

ATTEMPT(writable_in_proc)
{
	DIR *proc = opendir("/proc");
	for (struct dirent *entry; (entry = readdir(proc));) {
		char path[300];
		snprintf(path, sizeof path, "/proc/%s", entry->d_name);
		/* Pressure can be watched by anybody: what is written there is this descriptor's. */
		if ((entry->d_name[0] >= '0' && entry->d_name[0] <= '9') || entry->d_name[0] == '.' || strcmp(entry->d_name, "pressure") == 0)
			continue;
		nftw(path, first_writable, 16, FTW_PHYS);
	}
	return 0;
}

ATTEMPT(writable_in_sys) { return nftw("/sys", first_writable, 16, FTW_PHYS); }
