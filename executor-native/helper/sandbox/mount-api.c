#include "sandbox/mount-api.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The same on every architecture. */
#define NR_OPEN_TREE 428
#define NR_MOVE_MOUNT 429
#define NR_FSOPEN 430
#define NR_FSCONFIG 431
#define NR_FSMOUNT 432
#define NR_MOUNT_SETATTR 442

#define OPEN_TREE_CLONE_FLAG 1
#define AT_RECURSIVE_FLAG 0x8000
#define MOVE_MOUNT_EMPTY_PATHS (0x4 | 0x40)
#define CLOEXEC_FLAG 1
#define CONFIG_FLAG 0
#define CONFIG_STRING 1
#define CONFIG_CREATE 6

struct attributes {
	uint64_t set, clear, propagation, userns_fd;
};

static int close_keeping_errno(int fd)
{
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

int new_filesystem(const char *type, const struct fs_option *options, unsigned attributes)
{
	int context = (int)syscall(NR_FSOPEN, type, CLOEXEC_FLAG);
	if (context < 0)
		return -1;
	syscall(NR_FSCONFIG, context, CONFIG_STRING, "source", type, 0); /* what `mount` and `df` show; not needed */
	for (; options->key; options++)
		if (syscall(NR_FSCONFIG, context, options->value ? CONFIG_STRING : CONFIG_FLAG, options->key, options->value, 0) < 0)
			return close_keeping_errno(context);
	if (syscall(NR_FSCONFIG, context, CONFIG_CREATE, NULL, NULL, 0) < 0)
		return close_keeping_errno(context);
	int mount = (int)syscall(NR_FSMOUNT, context, CLOEXEC_FLAG, attributes);
	close_keeping_errno(context);
	return mount;
}

int copy_mount(int directory, const char *path)
{
	return (int)syscall(NR_OPEN_TREE, directory, path, OPEN_TREE_CLONE_FLAG | O_CLOEXEC | AT_RECURSIVE_FLAG | AT_EMPTY_PATH);
}

bool set_attributes(int mount, unsigned attributes)
{
	struct attributes change = {.set = attributes};
	return syscall(NR_MOUNT_SETATTR, mount, "", AT_EMPTY_PATH | AT_RECURSIVE_FLAG, &change, sizeof change) == 0;
}

bool attach_mount(int mount, int target)
{
	return syscall(NR_MOVE_MOUNT, mount, "", target, "", MOVE_MOUNT_EMPTY_PATHS) == 0;
}
