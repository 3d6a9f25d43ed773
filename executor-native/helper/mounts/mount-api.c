#include "mounts/mount-api.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Numbers that are the same on every architecture. */
#define NR_OPEN_TREE 428
#define NR_MOVE_MOUNT 429
#define NR_FSOPEN 430
#define NR_FSCONFIG 431
#define NR_FSMOUNT 432
#define NR_MOUNT_SETATTR 442

/* Flags as the kernel names them, without the name of their call. */
#define TREE_CLONE 0x1
#define MOVE_FROM_EMPTY_PATH 0x4
#define MOVE_TO_EMPTY_PATH 0x40
#define RECURSIVE 0x8000
#define CLOSE_ON_EXEC 0x1
#define CONFIG_FLAG 0
#define CONFIG_STRING 1
#define CONFIG_CREATE 6

struct attributes {
	uint64_t set, clear, propagation, userns_fd;
};

static bool configure(int context, unsigned command, const char *key, const char *value)
{
	return syscall(NR_FSCONFIG, context, command, key, value, 0) == 0;
}

int new_filesystem(const char *type, const struct fs_option *options, unsigned attributes)
{
	cleanup_fd int context = (int)syscall(NR_FSOPEN, type, CLOSE_ON_EXEC);
	if (context < 0)
		return -1;
	configure(context, CONFIG_STRING, "source", type); /* `mount` and `df` show it; it is not needed */
	for (; options->key; options++)
		if (!configure(context, options->value ? CONFIG_STRING : CONFIG_FLAG, options->key, options->value))
			return -1;
	if (!configure(context, CONFIG_CREATE, NULL, NULL))
		return -1;
	return (int)syscall(NR_FSMOUNT, context, CLOSE_ON_EXEC, attributes);
}

int copy_mount(int directory, const char *path)
{
	return (int)syscall(NR_OPEN_TREE, directory, path, TREE_CLONE | O_CLOEXEC | RECURSIVE | AT_EMPTY_PATH);
}

bool set_attributes(int mount, unsigned attributes)
{
	struct attributes change = {.set = attributes};
	return syscall(NR_MOUNT_SETATTR, mount, "", AT_EMPTY_PATH | RECURSIVE, &change, sizeof change) == 0;
}

bool set_attributes_of_one(int mount, unsigned attributes)
{
	struct attributes change = {.set = attributes};
	return syscall(NR_MOUNT_SETATTR, mount, "", AT_EMPTY_PATH, &change, sizeof change) == 0;
}

bool attach_mount(int mount, int target)
{
	return syscall(NR_MOVE_MOUNT, mount, "", target, "", MOVE_FROM_EMPTY_PATH | MOVE_TO_EMPTY_PATH) == 0;
}

bool protect_file(const char *path)
{
	cleanup_fd int file = open(path, O_PATH | O_CLOEXEC);
	cleanup_fd int mount = file < 0 ? -1 : copy_mount(file, "");
	return mount >= 0 && set_attributes(mount, ATTRIBUTE_READONLY | ATTRIBUTE_NOSUID) && attach_mount(mount, file);
}
