#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "loader.h"
#include "mounts/mount-api.h"

/* Docker's default container has the same. */
static const char *const masked[] = {
	"proc/acpi", "proc/asound", "proc/interrupts", "proc/kcore", "proc/keys", "proc/latency_stats", "proc/sched_debug",
	"proc/scsi", "proc/timer_list", "proc/timer_stats", "sys/devices/virtual/powercap", "sys/firmware",
};
static const char *const readonly_paths[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"};

static const struct node {
	const char *name;
	unsigned number;
} nodes[] = {{"null", 3}, {"zero", 5}, {"full", 7}, {"random", 8}, {"urandom", 9}};

static const struct link {
	const char *name, *target;
} links[] = {{"fd", "/proc/self/fd"}, {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
             {"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"}};

static void must(bool done, const char *what)
{
	if (!done)
		fail_errno("loader", "Cannot make a container: %s", what);
}

static void make_directories(const char *path)
{
	cleanup_free char *copy = copy_text(path);
	for (char *at = copy; (at = strchr(at + 1, '/'));) {
		*at = 0;
		must(mkdir(copy, 0755) == 0 || errno == EEXIST, copy);
		*at = '/';
	}
	must(mkdir(copy, 0755) == 0 || errno == EEXIST, copy);
}

static void mount_new(const char *type, const char *path, unsigned long flags, const char *options)
{
	must(mount(type, path, type, flags, options) == 0, path);
}

/* Binds a directory of the machine with all that is mounted in it, at the same path below `root`. */
static void bind(const char *root, const char *path)
{
	cleanup_free char *target = format_text("%s%s", root, path);
	make_directories(target);
	must(mount(path, target, NULL, MS_BIND | MS_REC, NULL) == 0, path);
}

/* Mounts an overlay over a root, whose changes are on a tmpfs. */
static char *mount_root(const char *place, const char *below)
{
	mount_new("tmpfs", place, 0, "mode=0755");
	cleanup_free char *upper = format_text("%s/upper", place), *work = format_text("%s/work", place);
	char *root = format_text("%s/root", place);
	must(mkdir(upper, 0755) == 0 && mkdir(work, 0755) == 0 && mkdir(root, 0755) == 0, place);
	cleanup_free char *options = format_text("lowerdir=%s,upperdir=%s,workdir=%s", below, upper, work);
	mount_new("overlay", root, 0, options);
	return root;
}

static void mount_dev(void)
{
	mount_new("tmpfs", "dev", MS_NOSUID, "mode=0755,size=64m");
	must(chdir("dev") == 0, "dev");
	for (size_t i = 0; i < LENGTH(nodes); i++)
		must(mknod(nodes[i].name, S_IFCHR | 0666, makedev(1, nodes[i].number)) == 0, nodes[i].name);
	must(mknod("tty", S_IFCHR | 0666, makedev(5, 0)) == 0, "tty");
	for (size_t i = 0; i < LENGTH(links); i++)
		must(symlink(links[i].target, links[i].name) == 0, links[i].name);
	must(mkdir("pts", 0755) == 0 && mkdir("shm", 0755) == 0 && mkdir("mqueue", 0755) == 0, "dev");
	mount_new("devpts", "pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620");
	mount_new("tmpfs", "shm", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=64m");
	mount_new("mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	must(chdir("..") == 0, "dev");
}

static void mount_sys(bool is_readonly)
{
	cleanup_fd int sys = copy_mount(AT_FDCWD, "/sys"), target = open("sys", O_PATH | O_CLOEXEC);
	must(sys >= 0 && target >= 0 && set_attributes(sys, is_readonly ? ATTRIBUTE_READONLY : 0), "sys");
	must(attach_mount(sys, target), "sys");
}

static void cover(const char *path)
{
	struct stat status;
	if (stat(path, &status) < 0)
		return;
	if (S_ISDIR(status.st_mode))
		mount_new("tmpfs", path, MS_RDONLY, "size=0");
	else
		must(mount("dev/null", path, NULL, MS_BIND, NULL) == 0, path);
}

static void make_readonly(const char *path)
{
	cleanup_fd int tree = copy_mount(AT_FDCWD, path), target = open(path, O_PATH | O_CLOEXEC);
	if (tree < 0 && errno == ENOENT)
		return;
	must(tree >= 0 && target >= 0 && set_attributes(tree, ATTRIBUTE_READONLY) && attach_mount(tree, target), path);
}

static void mount_volumes(const struct container *container, const char *root)
{
	for (size_t i = 0; i < container->volumes.count; i++)
		bind(root, container->volumes.items[i]);
	for (size_t i = 0; i < container->filesystems.count; i++) {
		char *type = container->filesystems.items[i], *equals = strchr(type, '=');
		*equals = 0;
		cleanup_free char *target = format_text("%s%s", root, equals + 1);
		make_directories(target);
		mount_new(type, target, 0, NULL);
		*equals = '=';
		must(chown(target, container->uid, container->gid) == 0, target);
	}
}

/* Makes the mount the root. User namespaces are refused to processes whose root is none. */
static void enter(void)
{
	must(syscall(SYS_pivot_root, ".", ".") == 0 && umount2(".", MNT_DETACH) == 0 && chdir("/") == 0, "its root");
}

int enter_container(const struct container *container)
{
	mode_t mask = umask(0);
	must(mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "private mounts");
	cleanup_free char *root = mount_root(container->place, container->root);
	cleanup_free char *home = format_text("%s%s", root, container->home);
	make_directories(home);
	must(chown(home, container->uid, container->gid) == 0, home);
	int proc = new_filesystem("proc", NO_OPTIONS, 0);
	must(proc >= 0, "proc");
	mount_volumes(container, root);
	must(chdir(root) == 0, root);
	if (container->readonly) {
		must(mount(NULL, root, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) == 0, "a read-only root");
		mount_new("tmpfs", "tmp", MS_NOSUID | MS_NODEV, "mode=1777");
		mount_volumes(container, root);
	}
	mount_new("proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_dev();
	mount_sys(container->masked);
	for (size_t i = 0; container->masked && i < LENGTH(masked); i++)
		cover(masked[i]);
	for (size_t i = 0; container->masked && i < LENGTH(readonly_paths); i++)
		make_readonly(readonly_paths[i]);
	enter();
	umask(mask);
	return proc;
}
