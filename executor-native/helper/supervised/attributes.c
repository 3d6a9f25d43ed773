/* Answers about extended attributes. The builder's own are neither seen nor changed. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/short-path.h"
#include "supervised/answers.h"
#include "supervised/paths.h"

/* The most that the kernel takes of a value, of the list of names, and of a name. */
#define VALUE_ROOM 65536
#define NAME_ROOM 256

static bool is_own(const char *name)
{
	return strncmp(name, "user.tsbuild.", strlen("user.tsbuild.")) == 0 ||
	       strncmp(name, "user.overlay.", strlen("user.overlay.")) == 0;
}

/* Returns true for attributes that change the mode on the disk, which this user needs as it is. */
static bool is_access_list(const char *name) { return strncmp(name, "system.posix_acl_", strlen("system.posix_acl_")) == 0; }

/* Reads the name; returns 0 or a negative errno. */
static int read_name(const struct call *call, uint64_t address, char name[NAME_ROOM])
{
	if (!read_text(call, address, name, NAME_ROOM))
		return -ERANGE;
	return is_own(name) ? -ENODATA : 0;
}

static struct step_path path_in(const struct call *call, int flags)
{
	if (flags & AT_EMPTY_PATH)
		return (struct step_path){(int)call->args[0], 0, flags};
	return (struct step_path){AT_FDCWD, call->args[0], flags};
}

/* Writes a text to the caller, or returns its size when there is no room at all. */
static struct answer return_text(const struct call *call, const char *data, ssize_t size, uint64_t address, uint64_t room)
{
	if (size < 0)
		return VALUE(-errno);
	if (!room)
		return VALUE(size);
	if ((uint64_t)size > room)
		return VALUE(-ERANGE);
	return VALUE(!size || write_memory(call, address, data, (size_t)size) ? size : -EFAULT);
}

static struct answer set(const struct monitor *monitor, const struct call *call, int flags)
{
	char name[NAME_ROOM];
	uint64_t size = call->args[3];
	int error = read_name(call, call->args[1], name);
	if (error)
		return VALUE(error == -ENODATA ? -EPERM : error);
	if (size > VALUE_ROOM)
		return VALUE(-E2BIG);
	if (is_access_list(name))
		return VALUE(-EOPNOTSUPP);
	cleanup_free char *value = allocate(size + 1);
	if (size && !read_memory(call, call->args[2], value, size))
		return VALUE(-EFAULT);
	cleanup_fd int held = hold_own(monitor, call, path_in(call, flags));
	if (held < 0)
		return VALUE(held);
	return VALUE(setxattr(proc_path_of(held).text, name, value, size, (int)call->args[4]) < 0 ? -errno : 0);
}

static struct answer get(const struct monitor *monitor, const struct call *call, int flags)
{
	char name[NAME_ROOM];
	char value[VALUE_ROOM];
	int error = read_name(call, call->args[1], name);
	if (error)
		return VALUE(error);
	cleanup_fd int held = hold_path(monitor, call, path_in(call, flags));
	if (held < 0)
		return VALUE(held);
	ssize_t size = getxattr(proc_path_of(held).text, name, value, sizeof value);
	return return_text(call, value, size, call->args[2], call->args[3]);
}

static struct answer list(const struct monitor *monitor, const struct call *call, int flags)
{
	char names[VALUE_ROOM], shown[VALUE_ROOM];
	cleanup_fd int held = hold_path(monitor, call, path_in(call, flags));
	if (held < 0)
		return VALUE(held);
	ssize_t size = listxattr(proc_path_of(held).text, names, sizeof names), length = 0;
	for (char *name = names; size > 0 && name < names + size; name += strlen(name) + 1) {
		if (is_own(name))
			continue;
		strcpy(shown + length, name);
		length += (ssize_t)strlen(name) + 1;
	}
	return return_text(call, shown, size < 0 ? size : length, call->args[1], call->args[2]);
}

static struct answer take(const struct monitor *monitor, const struct call *call, int flags)
{
	char name[NAME_ROOM];
	int error = read_name(call, call->args[1], name);
	if (error)
		return VALUE(error);
	cleanup_fd int held = hold_own(monitor, call, path_in(call, flags));
	if (held < 0)
		return VALUE(held);
	return VALUE(removexattr(proc_path_of(held).text, name) < 0 ? -errno : 0);
}

ANSWER(translate_setxattr) { return set(monitor, call, 0); }
ANSWER(translate_lsetxattr) { return set(monitor, call, AT_SYMLINK_NOFOLLOW); }
ANSWER(translate_fsetxattr) { return set(monitor, call, AT_EMPTY_PATH); }
ANSWER(translate_getxattr) { return get(monitor, call, 0); }
ANSWER(translate_lgetxattr) { return get(monitor, call, AT_SYMLINK_NOFOLLOW); }
ANSWER(translate_fgetxattr) { return get(monitor, call, AT_EMPTY_PATH); }
ANSWER(translate_listxattr) { return list(monitor, call, 0); }
ANSWER(translate_llistxattr) { return list(monitor, call, AT_SYMLINK_NOFOLLOW); }
ANSWER(translate_flistxattr) { return list(monitor, call, AT_EMPTY_PATH); }
ANSWER(translate_removexattr) { return take(monitor, call, 0); }
ANSWER(translate_lremovexattr) { return take(monitor, call, AT_SYMLINK_NOFOLLOW); }
ANSWER(translate_fremovexattr) { return take(monitor, call, AT_EMPTY_PATH); }
