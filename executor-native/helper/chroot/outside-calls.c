/* Answers to calls on files of /proc and /sys. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/short-path.h"
#include "chroot/devices.h"
#include "chroot/handed.h"
#include "chroot/outside.h"
#include "roots/terminals.h"
#include "supervisor/notify.h"

/* Numbers of file systems. */
#define PROC_KIND 0x9fa0
#define SYS_KIND 0x62656572

/* Linux 5.8. */
#define NR_FACCESSAT2 439
#define EFFECTIVE_IDS 0x200

bool find_target(const struct monitor *monitor, const struct call *call, int directory, uint64_t address, bool follow,
                 struct target *target)
{
	char path[PATH_MAX];
	if (!find_path(monitor, call, directory, address, follow, path))
		return false;
	*target = (struct target){.fd = -1, .error = ENOENT};
	if (!read_identity(call, &target->identity) ||
	    !find_outside(monitor, call, &target->identity, path, follow, &target->outside))
		return true;
	take_identity(&target->identity);
	target->fd = hold_outside(monitor, &target->outside, follow);
	target->error = target->fd < 0 ? errno : 0;
	return true;
}

int hold_shown(const struct monitor *monitor, const struct call *call, const char *whole, bool follow)
{
	char path[PATH_MAX];
	struct caller identity;
	struct outside outside;
	strcpy(path, whole);
	follow = follow || path[strlen(path) - 1] == '/';
	if (!follow_outside(monitor, follow, path))
		return NOT_OUTSIDE;
	if (!read_identity(call, &identity) || !find_outside(monitor, call, &identity, path, follow, &outside))
		return -ENOENT;
	int fd = hold_outside(monitor, &outside, follow);
	return fd < 0 ? -errno : fd;
}

void end_target(const struct target *target)
{
	end_identity();
	if (target->fd >= 0)
		close(target->fd);
}

bool is_of_machine(int fd)
{
	struct statfs status;
	return fstatfs(fd, &status) == 0 && (status.f_type == PROC_KIND || status.f_type == SYS_KIND);
}

/* Opens the file for its content; -1 with errno. */
static int open_content(const struct monitor *monitor, const struct target *target, uint64_t flags)
{
	struct stat status;
	int kept = (int)(flags & (O_ACCMODE | O_APPEND | O_DIRECTORY | O_PATH | O_TRUNC));
	if (fstat(target->fd, &status) < 0)
		return -1;
	bool is_outer = is_of_machine(target->fd), writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;
	if (S_ISLNK(status.st_mode)) {
		errno = ELOOP;
		return -1;
	}
	if (is_outer && S_ISDIR(status.st_mode)) {
		errno = EISDIR;
		return writes ? -1 : open_mirror(monitor, target->outside.shown, target->fd);
	}
	if (is_outer && writes && (target->outside.kind == OPENED || !is_writable(&target->outside))) {
		errno = EROFS;
		return -1;
	}
	if (is_outer && !S_ISREG(status.st_mode)) {
		errno = EACCES;
		return -1;
	}
	/* This process waits for nobody, such as for the other end of a FIFO. */
	int fd = open(proc_path_of(target->fd).text, kept | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0 && monitor->terminals && target->outside.kind == LENT_DEVICE && is_maker(target->outside.path))
		note_terminal(monitor->terminals, fd);
	if (fd >= 0 && !(flags & (O_NONBLOCK | O_PATH)))
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	return fd;
}

int open_shown(const struct monitor *monitor, const struct call *call, int directory, uint64_t path, uint64_t flags)
{
	struct target target;
	if (!find_target(monitor, call, directory, path, !(flags & O_NOFOLLOW), &target))
		return NOT_OUTSIDE;
	int fd = target.fd < 0 ? -1 : open_content(monitor, &target, flags);
	int error = target.fd < 0 ? target.error : errno;
	end_target(&target);
	if (fd >= 0 && is_of_machine(fd))
		note_handed(monitor->handed, target.outside.path, fd);
	return fd < 0 ? -error : fd;
}

static struct answer open_outside(const struct monitor *monitor, const struct call *call, int directory, uint64_t path,
                                  uint64_t flags)
{
	int opened = open_shown(monitor, call, directory, path, flags);
	if (opened < 0)
		return opened != NOT_OUTSIDE ? VALUE(opened)
		       : opens_device(monitor, call, directory, path, flags) ? VALUE(-ENXIO) : CONTINUE;
	cleanup_fd int fd = opened;
	return hand_over(call, fd, flags & O_CLOEXEC);
}

struct answer answer_open_outside(const struct monitor *monitor, const struct call *call)
{
	return open_outside(monitor, call, AT_FDCWD, call->args[0], call->args[1]);
}

struct answer answer_openat_outside(const struct monitor *monitor, const struct call *call)
{
	return open_outside(monitor, call, (int)call->args[0], call->args[1], call->args[2]);
}

struct answer answer_openat2_outside(const struct monitor *monitor, const struct call *call)
{
	struct openat2_how how;
	if (call->args[3] != sizeof how || !read_step_memory(call, call->args[2], &how, sizeof how) || how.resolve)
		return CONTINUE;
	return open_outside(monitor, call, (int)call->args[0], call->args[1], how.flags);
}

/* Answers for a device of the root; the kernel answers for other files. */
static struct answer stat_inside(const struct monitor *monitor, const struct call *call, const struct subject *subject,
                                 uint64_t address)
{
	struct device device;
	struct stat status;
	cleanup_fd int held = hold_device_inside(monitor, call, subject, &device);
	if (held < 0 || syscall(SYS_newfstatat, held, "", &status, AT_EMPTY_PATH) < 0)
		return CONTINUE;
	show_device(&device, &status);
	return VALUE(write_step_memory(call, address, &status, sizeof status) ? 0 : -EFAULT);
}

static struct answer stat_outside(const struct monitor *monitor, const struct call *call, int directory, uint64_t path,
                                  int flags, uint64_t address)
{
	struct target target;
	struct stat status; /* the kernel's own form on 64-bit architectures */
	if (!find_target(monitor, call, directory, path, !(flags & AT_SYMLINK_NOFOLLOW), &target))
		return stat_inside(monitor, call, &(struct subject){directory, path, flags}, address);
	bool found = target.fd >= 0 && syscall(SYS_newfstatat, target.fd, "", &status, AT_EMPTY_PATH) == 0;
	end_target(&target);
	if (!found)
		return VALUE(-target.error);
	return VALUE(write_step_memory(call, address, &status, sizeof status) ? 0 : -EFAULT);
}

struct answer answer_stat_outside(const struct monitor *monitor, const struct call *call)
{
	return stat_outside(monitor, call, AT_FDCWD, call->args[0], 0, call->args[1]);
}

struct answer answer_lstat_outside(const struct monitor *monitor, const struct call *call)
{
	return stat_outside(monitor, call, AT_FDCWD, call->args[0], AT_SYMLINK_NOFOLLOW, call->args[1]);
}

struct answer answer_fstatat_outside(const struct monitor *monitor, const struct call *call)
{
	return stat_outside(monitor, call, (int)call->args[0], call->args[1], (int)call->args[3], call->args[2]);
}

static struct answer statx_inside(const struct monitor *monitor, const struct call *call)
{
	struct device device;
	struct statx status;
	const struct subject subject = {(int)call->args[0], call->args[1], (int)call->args[2]};
	cleanup_fd int held = hold_device_inside(monitor, call, &subject, &device);
	if (held < 0 || statx(held, "", AT_EMPTY_PATH, (unsigned)call->args[3], &status) < 0)
		return CONTINUE;
	show_device_in(&device, &status);
	return VALUE(write_step_memory(call, call->args[4], &status, sizeof status) ? 0 : -EFAULT);
}

struct answer answer_statx_outside(const struct monitor *monitor, const struct call *call)
{
	struct target target;
	struct statx status;
	bool follow = !(call->args[2] & AT_SYMLINK_NOFOLLOW);
	if (!find_target(monitor, call, (int)call->args[0], call->args[1], follow, &target))
		return statx_inside(monitor, call);
	bool found = target.fd >= 0 && statx(target.fd, "", AT_EMPTY_PATH, (unsigned)call->args[3], &status) == 0;
	end_target(&target);
	if (!found)
		return VALUE(-target.error);
	return VALUE(write_step_memory(call, call->args[4], &status, sizeof status) ? 0 : -EFAULT);
}

static struct answer access_outside(const struct monitor *monitor, const struct call *call, int directory, uint64_t path,
                                    int mode)
{
	struct target target;
	if (!find_target(monitor, call, directory, path, true, &target))
		return CONTINUE;
	int error = target.error;
	if (target.fd >= 0 && mode & W_OK && is_of_machine(target.fd) && !is_writable(&target.outside))
		error = EROFS;
	else if (target.fd >= 0 &&
	         syscall(NR_FACCESSAT2, AT_FDCWD, proc_path_of(target.fd).text, mode, EFFECTIVE_IDS) < 0 && errno != ENOSYS)
		error = errno;
	end_target(&target);
	return VALUE(-error);
}

struct answer answer_access_outside(const struct monitor *monitor, const struct call *call)
{
	return access_outside(monitor, call, AT_FDCWD, call->args[0], (int)call->args[1]);
}

struct answer answer_accessat_outside(const struct monitor *monitor, const struct call *call)
{
	return access_outside(monitor, call, (int)call->args[0], call->args[1], (int)call->args[2]);
}

/* Reads the link that a path is; -1 with errno. */
static ssize_t read_link(const struct monitor *monitor, const struct call *call, const struct target *target,
                         char text[PATH_MAX])
{
	const char *path = target->outside.path;
	struct buffer own = buffer_in(text, PATH_MAX);
	bool is_thread = strcmp(path, "/proc/thread-self") == 0;
	if (is_thread || strcmp(path, "/proc/self") == 0) {
		append(&own, is_thread ? "%d/task/%d" : "%d", target->identity.process, call->pid);
		return (ssize_t)own.length;
	}
	if (target->outside.kind == OUTER && read_process_link(monitor, call, path, text)) {
		if (!text[0])
			strcpy(text, "/");
		return (ssize_t)strlen(text);
	}
	ssize_t length = readlinkat(target->fd, "", text, PATH_MAX - 1);
	if (length < 0) {
		errno = errno == ENOENT ? EINVAL : errno;
		return -1;
	}
	text[length] = 0;
	if (cut_root(monitor, text) && !text[0])
		strcpy(text, "/");
	return (ssize_t)strlen(text);
}

static struct answer readlink_outside(const struct monitor *monitor, const struct call *call, int directory,
                                      uint64_t path, uint64_t address, uint64_t room)
{
	struct target target;
	char text[PATH_MAX];
	if (!find_target(monitor, call, directory, path, false, &target))
		return CONTINUE;
	ssize_t length = target.fd < 0 ? -1 : read_link(monitor, call, &target, text);
	int error = target.fd < 0 ? target.error : errno;
	end_target(&target);
	if (length < 0)
		return VALUE(-error);
	size_t count = (uint64_t)length < room ? (size_t)length : (size_t)room;
	return VALUE(write_step_memory(call, address, text, count) ? (int64_t)count : -EFAULT);
}

struct answer answer_readlink_outside(const struct monitor *monitor, const struct call *call)
{
	return readlink_outside(monitor, call, AT_FDCWD, call->args[0], call->args[1], call->args[2]);
}

struct answer answer_readlinkat_outside(const struct monitor *monitor, const struct call *call)
{
	return readlink_outside(monitor, call, (int)call->args[0], call->args[1], call->args[2], call->args[3]);
}
