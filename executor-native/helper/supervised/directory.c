/*
 * Answers about the working directory, which is a real one: a process goes there by a descriptor
 * that it is handed for that moment.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/short-path.h"
#include "chroot/outside.h"
#include "supervised/answers.h"
#include "supervised/paths.h"
#include "supervised/translated.h"

/* Makes the caller go to the directory that its descriptor `number` is of. */
static struct answer go_by(const struct monitor *monitor, const struct call *call, int number)
{
	struct tracee tracee;
	int64_t result = -ESRCH, closed;
	const uint64_t arguments[6] = {(uint64_t)number};
	if (!hold_caller(&tracee, call, monitor->translated->ends))
		return (struct answer){ANSWER_SENT, 0};
	if (do_call(&tracee, SYS_fchdir, arguments, &result) == RETURNED &&
	    do_call(&tracee, SYS_close, arguments, &closed) == RETURNED)
		release(&tracee, result);
	return (struct answer){ANSWER_SENT, 0};
}

/* Opens a directory of the root, in /proc and /sys the copy in it; or returns a negative errno. */
static int open_directory(const struct monitor *monitor, const struct call *call)
{
	struct stat status;
	int shown = open_shown(monitor, call, AT_FDCWD, call->args[0], O_RDONLY | O_DIRECTORY);
	if (shown != NOT_OUTSIDE)
		return shown;
	cleanup_fd int held = hold_path(monitor, call, (struct step_path){AT_FDCWD, call->args[0], 0});
	if (held < 0)
		return held;
	if (fstat(held, &status) < 0 || !S_ISDIR(status.st_mode))
		return -ENOTDIR;
	int fd = open(proc_path_of(held).text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

struct answer translate_chdir(const struct monitor *monitor, const struct call *call)
{
	char path[PATH_MAX];
	cleanup_fd int opened = open_directory(monitor, call);
	if (opened < 0)
		return VALUE(opened);
	if (!path_of(monitor, opened, path))
		return VALUE(-EACCES); /* a directory outside leads everywhere */
	int number = lend_descriptor(call, opened, true);
	return number < 0 ? VALUE(number) : go_by(monitor, call, number);
}

struct answer translate_getcwd(const struct monitor *monitor, const struct call *call)
{
	char path[PATH_MAX];
	if (!find_start(monitor, call, AT_FDCWD, path))
		return VALUE(-ENOENT);
	if (!path[0])
		strcpy(path, "/");
	size_t size = strlen(path) + 1;
	if (size > call->args[1])
		return VALUE(-ERANGE);
	return VALUE(write_memory(call, call->args[0], path, size) ? (int64_t)size : -EFAULT);
}
