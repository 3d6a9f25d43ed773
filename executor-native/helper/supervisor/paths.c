#include "supervisor/paths.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/short-path.h"
#include "supervisor/supervisor.h"

/*
 * Linux 5.8. Older headers have no name for the bit, nor for the place of the number in the
 * structure.
 */
#define WITH_MOUNT_ID 0x1000u
#define MOUNT_ID_OFFSET 0x90

/* Reads the numbers in a file such as /proc/PID/mountinfo, as many as find room. */
static void read_mounts(const char *path, struct mount_numbers *mounts)
{
	cleanup_file FILE *file = fopen(path, "re");
	cleanup_free char *line = NULL;
	size_t size = 0;
	mounts->count = 0;
	while (file && mounts->count < LENGTH(mounts->items) && getline(&line, &size, file) > 0)
		if (sscanf(line, "%" SCNu64, &mounts->items[mounts->count]) == 1)
			mounts->count++;
}

void read_own_mounts(struct mount_numbers *mounts) { read_mounts("self/mountinfo", mounts); }

static bool has_mount(const struct mount_numbers *mounts, uint64_t number)
{
	for (size_t i = 0; i < mounts->count; i++)
		if (mounts->items[i] == number)
			return true;
	return false;
}

static bool find_mount(int fd, uint64_t *number)
{
	struct statx status;
	if (statx(fd, "", AT_EMPTY_PATH, WITH_MOUNT_ID, &status) < 0 || !(status.stx_mask & WITH_MOUNT_ID))
		return false;
	memcpy(number, (char *)&status + MOUNT_ID_OFFSET, sizeof *number);
	return true;
}

static bool find_mount_of(const char *path, uint64_t *number)
{
	cleanup_fd int fd = open(path, O_PATH | O_CLOEXEC);
	return fd >= 0 && find_mount(fd, number);
}

bool is_on_root(const struct call *call, const char *path)
{
	uint64_t root, number;
	return find_mount_of(short_path("%d/root", call->pid).text, &root) && find_mount_of(path, &number) &&
	       root == number && still_waits(call);
}

/*
 * Returns true when the file is on a mount of the sandbox, which a step without limits may have
 * made itself. Note that the spelling of a path proves nothing, because a link, a directory that is
 * swapped or a descriptor may lead through the folders of other processes in /proc, and this
 * process may go wherever that leads.
 */
static bool is_inside(const struct call *call, int fd)
{
	struct mount_numbers theirs;
	uint64_t number;
	if (!find_mount(fd, &number))
		return false;
	if (has_mount(&call->supervisor->mounts, number))
		return true;
	read_mounts(short_path("%d/mountinfo", call->pid).text, &theirs);
	return still_waits(call) && has_mount(&theirs, number);
}

/* Reads the path; false for one that the kernel had better answer. */
static bool read_path(const struct call *call, uint64_t path, int flags, char text[PATH_MAX])
{
	text[0] = 0;
	if ((path || !(flags & AT_EMPTY_PATH)) && !read_text(call, path, text, PATH_MAX))
		return false;
	return text[0] || flags & AT_EMPTY_PATH;
}

/*
 * Returns where a path begins: at the caller's root, its working directory or a descriptor of its
 * own.
 */
static struct short_path start_of(const struct call *call, int directory, const char *text)
{
	if (text[0] == '/')
		return short_path("%d/root", call->pid);
	if (directory == AT_FDCWD)
		return short_path("%d/cwd", call->pid);
	return short_path("%d/fd/%d", call->pid, directory);
}

/* Writes the path of a file; false when it is too long. */
static bool write_located(struct located *located, const char *start, const char *separator, const char *text)
{
	struct buffer path = BUFFER_IN(located->path);
	append(&path, "%s%s%s", start, separator, text);
	return !path.cut;
}

bool locate(const struct call *call, int directory, uint64_t path, int flags, struct located *located)
{
	char text[PATH_MAX];
	if (!read_path(call, path, flags, text))
		return false;
	/* An empty text means the descriptor: its link in /proc leads to the file, and is followed. */
	located->flags = text[0] ? flags : flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
	const char *separator = text[0] && text[0] != '/' ? "/" : "";
	return write_located(located, start_of(call, directory, text).text, separator, text);
}

/* Holds a descriptor for the call that is being answered, in the place of an earlier one. */
static bool keep(const struct call *call, int fd)
{
	struct supervisor *supervisor = call->supervisor;
	if (supervisor->held >= 0)
		close(supervisor->held);
	supervisor->held = fd;
	return fd >= 0;
}

/*
 * Opens where the text begins, so that it stays the caller's when the caller dies and its number
 * goes to another process.
 */
static int open_start(const struct call *call, int directory, const char *text)
{
	cleanup_fd int fd = open(start_of(call, directory, text).text, O_PATH | O_CLOEXEC);
	return fd >= 0 && still_waits(call) ? take_fd(&fd) : -1;
}

/* Holds the file that the text leads to from `start`. */
static bool hold_below(const struct call *call, int start, const char *text, int flags)
{
	while (*text == '/')
		text++;
	int nofollow = flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0;
	int fd = openat(start, *text ? text : ".", O_PATH | O_CLOEXEC | nofollow);
	return keep(call, fd) && is_inside(call, fd);
}

bool hold(const struct call *call, int directory, uint64_t path, int flags, struct located *located)
{
	char text[PATH_MAX];
	if (!read_path(call, path, flags, text))
		return false;
	cleanup_fd int start = open_start(call, directory, text);
	if (start < 0)
		return false;
	/*
	 * A descriptor of the caller's own, which may be a pipe's, is of a file that it could change
	 * itself.
	 */
	if (!(text[0] ? hold_below(call, start, text, flags) : keep(call, take_fd(&start))))
		return false;
	located->flags = 0;
	return write_located(located, short_path("self/fd/%d", call->supervisor->held).text, "", "");
}

/* Cuts the slashes at the end of a text; returns whether there were any. */
static bool cut_slashes(char *text)
{
	size_t length = strlen(text), end = length;
	while (end && text[end - 1] == '/')
		end--;
	text[end] = 0;
	return end < length;
}

/* Moves the last name of a text out of it; false when it is none that a file can get. */
static bool cut_name(char *text, char name[NAME_MAX + 1])
{
	char *slash = strrchr(text, '/'), *last = slash ? slash + 1 : text;
	if (!*last || is_dot(last) || strlen(last) > NAME_MAX)
		return false;
	strcpy(name, last);
	*last = 0;
	return true;
}

bool hold_parent(const struct call *call, int directory, uint64_t path, struct located *located)
{
	char text[PATH_MAX], name[NAME_MAX + 1];
	if (!read_path(call, path, 0, text))
		return false;
	located->slashes = cut_slashes(text);
	if (!cut_name(text, name))
		return false;
	cleanup_fd int start = open_start(call, directory, text);
	if (start < 0 || !hold_below(call, start, text, 0))
		return false;
	located->flags = AT_SYMLINK_NOFOLLOW;
	return write_located(located, short_path("self/fd/%d", call->supervisor->held).text, "/", name);
}
