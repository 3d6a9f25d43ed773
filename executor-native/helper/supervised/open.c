/* Answers to calls that open files of the root. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/short-path.h"
#include "supervised/answers.h"
#include "supervised/creation.h"
#include "supervised/paths.h"
#include "supervised/waiting.h"
#include "supervisor/notify.h"

/* Flags that are about the way to the file, which this process has gone already. */
#define WAY_FLAGS (O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)
#define NAMELESS (O_TMPFILE & ~O_DIRECTORY)

struct opening {
	struct step_path path;
	uint64_t flags;
	mode_t mode;
};

static struct answer give(const struct call *call, int opened, uint64_t flags)
{
	cleanup_fd int fd = opened;
	return fd < 0 ? VALUE(-errno) : hand_over(call, fd, flags & O_CLOEXEC);
}

/* Opens a file that is held. */
static struct answer open_held(const struct call *call, int held, uint64_t flags)
{
	struct stat status;
	if (fstat(held, &status) < 0)
		return VALUE(-errno);
	if (S_ISLNK(status.st_mode))
		return VALUE(-ELOOP);
	if (flags & O_PATH) { /* the kernel hands over no such descriptor */
		int plain = O_RDONLY | O_NONBLOCK | (int)(flags & O_DIRECTORY) | O_NOCTTY | O_CLOEXEC;
		return give(call, open(proc_path_of(held).text, plain), flags);
	}
	if (S_ISDIR(status.st_mode) && flags & O_CREAT)
		return VALUE(-EISDIR);
	int kept = (int)(flags & ~(uint64_t)WAY_FLAGS) | O_NOCTTY | O_CLOEXEC;
	if (S_ISFIFO(status.st_mode) && !(flags & O_NONBLOCK))
		return open_waiting(call, held, kept, flags & O_CLOEXEC);
	return give(call, open(proc_path_of(held).text, kept), flags);
}

/* Makes a file; -EEXIST when somebody else made it meanwhile. */
static struct answer make(const struct monitor *monitor, const struct call *call, const struct opening *opening)
{
	cleanup_place struct place_in place = NO_PLACE;
	int error = hold_missing(monitor, call, opening->path, &place);
	if (error)
		return VALUE(error);
	if (place.slashes)
		return VALUE(-EISDIR);
	mode_t mode = masked_mode(call, opening->mode);
	int flags = (int)(opening->flags & ~(uint64_t)WAY_FLAGS) | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY;
	cleanup_fd int fd = openat(place.parent, place.name, flags, kept_mode(S_IFREG | mode) & MODE_BITS);
	if (fd < 0)
		return VALUE(-errno);
	if (!give_new(monitor, call, place.parent, fd, mode))
		return VALUE(-errno);
	return hand_over(call, fd, opening->flags & O_CLOEXEC);
}

/* Makes a file that may get a name later, in a directory that is held. */
static struct answer make_nameless(const struct monitor *monitor, const struct call *call, int held,
                                   const struct opening *opening)
{
	mode_t mode = masked_mode(call, opening->mode);
	cleanup_fd int fd = open(proc_path_of(held).text, (int)opening->flags | O_CLOEXEC, kept_mode(S_IFREG | mode) & MODE_BITS);
	if (fd < 0 || !give_new(monitor, call, held, fd, mode))
		return VALUE(-errno);
	return hand_over(call, fd, opening->flags & O_CLOEXEC);
}

/*
 * Opens the file of a call, in the root. Note that a path that led to nothing outside a moment ago
 * may lead there now, because links and the caller's memory change: such a file is not opened here,
 * where any directory is handed over.
 */
static struct answer open_once(const struct monitor *monitor, const struct call *call, const struct opening *opening)
{
	char real[PATH_MAX];
	struct step_path path = opening->path;
	bool makes = opening->flags & O_CREAT && !(opening->flags & O_PATH);
	if (opening->flags & O_NOFOLLOW || (makes && opening->flags & O_EXCL))
		path.flags |= AT_SYMLINK_NOFOLLOW;
	cleanup_fd int held = hold_path(monitor, call, path);
	if (held == -ENOENT && makes)
		return make(monitor, call, opening);
	if (held < 0)
		return VALUE(held);
	if (!path_of(monitor, held, real))
		return VALUE(-ENOENT);
	if (makes && opening->flags & O_EXCL)
		return VALUE(-EEXIST);
	if (opening->flags & NAMELESS && !(opening->flags & O_PATH))
		return make_nameless(monitor, call, held, opening);
	return open_held(call, held, opening->flags);
}

static struct answer open_path(const struct monitor *monitor, const struct call *call, const struct opening *opening)
{
	struct answer answer = open_once(monitor, call, opening);
	bool was_made = answer.kind == ANSWER_VALUE && answer.value == -EEXIST && !(opening->flags & O_EXCL);
	return was_made ? open_once(monitor, call, opening) : answer;
}

struct answer translate_open(const struct monitor *monitor, const struct call *call)
{
	struct answer outside = answer_open_outside(monitor, call);
	struct opening opening = {{AT_FDCWD, call->args[0], 0}, call->args[1], (mode_t)call->args[2]};
	return outside.kind != ANSWER_CONTINUE ? outside : open_path(monitor, call, &opening);
}

struct answer translate_openat(const struct monitor *monitor, const struct call *call)
{
	struct answer outside = answer_openat_outside(monitor, call);
	struct opening opening = {{(int)call->args[0], call->args[1], 0}, call->args[2], (mode_t)call->args[3]};
	return outside.kind != ANSWER_CONTINUE ? outside : open_path(monitor, call, &opening);
}

/* Refuses the flags that keep a path in its directory, as kernels before Linux 5.6 do. */
struct answer translate_openat2(const struct monitor *monitor, const struct call *call)
{
	struct openat2_how how;
	if (call->args[3] < sizeof how || !read_memory(call, call->args[2], &how, sizeof how))
		return VALUE(-EINVAL);
	if (how.resolve)
		return VALUE(-ENOSYS);
	struct answer outside = answer_openat2_outside(monitor, call);
	struct opening opening = {{(int)call->args[0], call->args[1], 0}, how.flags, (mode_t)how.mode};
	return outside.kind != ANSWER_CONTINUE ? outside : open_path(monitor, call, &opening);
}

struct answer translate_creat(const struct monitor *monitor, const struct call *call)
{
	struct call opens = *call;
	struct opening opening = {{AT_FDCWD, call->args[0], 0}, O_CREAT | O_WRONLY | O_TRUNC, (mode_t)call->args[1]};
	opens.args[1] = opening.flags;
	struct answer outside = answer_open_outside(monitor, &opens);
	return outside.kind != ANSWER_CONTINUE ? outside : open_path(monitor, call, &opening);
}
