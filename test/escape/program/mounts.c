/* Mounts and what is below them. */
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "attempt.h"

ATTEMPT(mount_proc) { return mount("proc", "/tmp", "proc", 0, NULL); }
ATTEMPT(mount_sysfs) { return mount("sysfs", "/tmp", "sysfs", 0, NULL); }
ATTEMPT(mount_tmpfs) { return mount("tmpfs", "/tmp", "tmpfs", 0, NULL); }
ATTEMPT(mount_bind) { return mount("/", "/tmp", NULL, MS_BIND | MS_REC, NULL); }
ATTEMPT(mount_cgroup) { return mount("cgroup", "/tmp", "cgroup", 0, "memory"); }
ATTEMPT(mount_cgroup2) { return mount("cgroup2", "/tmp", "cgroup2", 0, NULL); }
ATTEMPT(mount_overlay) { return mount("overlay", "/tmp", "overlay", 0, "lowerdir=/bin:/etc"); }
ATTEMPT(mount_devpts) { return mount("devpts", "/tmp", "devpts", 0, NULL); }
ATTEMPT(mount_propagation) { return mount("", "/", NULL, MS_REC | MS_SHARED, NULL); }
ATTEMPT(umount_mask) { return umount2("/proc/kcore", 0); }
ATTEMPT(umount_settings) { return umount2("/proc/sys", MNT_DETACH); }
ATTEMPT(umount_cgroup_cover) { return umount2("/sys/fs/cgroup", MNT_DETACH); }
ATTEMPT(umount_root) { return umount2("/", MNT_DETACH); }
ATTEMPT(remount_sys) { return mount("", "/sys", NULL, MS_REMOUNT | MS_BIND, NULL); }
ATTEMPT(remount_settings) { return mount("", "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL); }
ATTEMPT(remount_device) { return mount("", "/dev/null", NULL, MS_REMOUNT | MS_BIND, NULL); }
ATTEMPT(fsopen_) { return syscall(430, "tmpfs", 0); }
ATTEMPT(fspick_) { return syscall(433, AT_FDCWD, "/", 0); }
ATTEMPT(open_tree_) { return syscall(428, AT_FDCWD, "/", 0); }
ATTEMPT(open_tree_clone) { return syscall(428, AT_FDCWD, "/", 1); }
ATTEMPT(open_tree_attr_) { return syscall(467, AT_FDCWD, "/sys", 1, NULL, 0); }
ATTEMPT(move_mount_) { return syscall(429, AT_FDCWD, "/tmp", AT_FDCWD, "/mnt", 0); }
ATTEMPT(mount_setattr_)
{
	struct {
		uint64_t set, clear, propagation, userns;
	} change = {.clear = 1};
	return syscall(442, AT_FDCWD, "/sys", 0, &change, sizeof change);
}

/* By number of namespace, of which the initial one's are small and constant in new kernels; counted up else. */
ATTEMPT(listmount_of_others)
{
	int reached = 0;
	uint64_t own = 0;
	ioctl(open("/proc/self/ns/mnt", O_RDONLY), 0x8008b705u /* NS_GET_MNTNS_ID */, &own);
	for (uint64_t number = 0; number < 4096; number++) {
		struct {
			uint32_t size, spare;
			uint64_t mount, parameter, space;
		} request = {.size = 32, .mount = UINT64_MAX, .space = number};
		uint64_t mounts[4];
		if (number && number != own)
			reached += syscall(458, &request, mounts, LENGTH(mounts), 0) > 0;
	}
	say("%d reached", reached);
	return 0;
}

ATTEMPT(node_of_a_disk_mounted)
{
	if (mknod("/tmp/disk-to-mount", S_IFBLK | 0600, makedev(8, 0)) < 0)
		return -1;
	return mount("/tmp/disk-to-mount", "/mnt", "ext4", 0, NULL);
}
