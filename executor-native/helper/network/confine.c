#include "network/confine.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/short-path.h"
#include "mounts/mount-api.h"

/* Directories of programs and their libraries; the last two are those of Nix and Guix. */
static const char *const program_directories[] = {"usr", "lib", "lib32", "lib64", "libx32", "bin", "sbin", "nix", "gnu"};
static const char *const empty_directories[] = {"etc", "run", "tmp", "proc", "dev", "dev/net"};
/* Files besides. The cache of the loader is not everywhere. */
static const char *const files[] = {"etc/ld.so.cache", "dev/null", "dev/net/tun"};

static void cover(int root, const char *name, int mount)
{
	cleanup_fd int target = openat(root, name, O_PATH | O_CLOEXEC);
	if (target < 0 || !attach_mount(mount, target))
		fail_errno("exec/network", "Cannot mount \"/%s\" for the network of steps", name);
}

/* Shows a directory of the machine, read-only; a link stays one. */
static void show_directory(int machine, int root, const char *name)
{
	char target[256];
	ssize_t length = readlinkat(machine, name, target, sizeof target - 1);
	if (length >= 0) {
		target[length] = 0;
		(void)symlinkat(target, root, name);
		return;
	}
	cleanup_fd int mount = copy_mount(machine, name);
	if (mount < 0)
		return;
	if (mkdirat(root, name, 0755) < 0 || !set_attributes(mount, ATTRIBUTE_READONLY | ATTRIBUTE_NOSUID | ATTRIBUTE_NODEV))
		fail_errno("exec/network", "Cannot show \"/%s\" to the network of steps", name);
	cover(root, name, mount);
}

static void show_file(int root, const char *name, int mount)
{
	cleanup_fd int file = mount < 0 ? -1 : openat(root, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	if (file >= 0)
		cover(root, name, mount);
}

void confine(int network_namespace)
{
	cleanup_fd int machine = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int namespace = copy_mount(AT_FDCWD, proc_path_of(network_namespace).text);
	cleanup_fd int tmpfs = new_filesystem("tmpfs", OPTIONS({"mode", "0755"}, {"size", "4096k"}), ATTRIBUTE_NOSUID);
	cleanup_fd int place = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int proc = new_filesystem("proc", NO_OPTIONS, ATTRIBUTES_OF_DATA);
	if (mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || tmpfs < 0 || place < 0 || !attach_mount(tmpfs, place))
		fail_errno("exec/network", "Cannot make a root for the network of steps");
	cleanup_fd int root = openat(machine, "proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < LENGTH(empty_directories); i++)
		mkdirat(root, empty_directories[i], 0755);
	for (size_t i = 0; i < LENGTH(program_directories); i++)
		show_directory(machine, root, program_directories[i]);
	for (size_t i = 0; i < LENGTH(files); i++) {
		cleanup_fd int file = copy_mount(machine, files[i]);
		show_file(root, files[i], file);
	}
	show_file(root, NAMESPACE_PATH + 1, namespace);
	(void)symlinkat("/proc/self/fd", root, "dev/fd");
	if (proc >= 0)
		cover(root, "proc", proc);
	if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		fail_errno("exec/network", "Cannot enter the root for the network of steps");
}
