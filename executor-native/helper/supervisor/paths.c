/* Files that paths in the memory of a caller mean to it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/call.h"

/* Linux 5.8; older headers have no name for the bit, nor for where in the structure the number is. */
#define WITH_MOUNT_ID 0x1000u
#define MOUNT_ID_OFFSET 0x90

/* Mounts of the sandbox, by number. */
static uint64_t own_mounts[1024];
static size_t own_count;

/* Reads the numbers in a file like /proc/PID/mountinfo; the count of those that found room. */
static size_t read_mounts(const char *path, uint64_t *numbers, size_t room)
{
	size_t count = 0;
	char *line = NULL;
	size_t size = 0;
	FILE *file = fopen(path, "re");
	while (file && count < room && getline(&line, &size, file) > 0)
		if (sscanf(line, "%" SCNu64, &numbers[count]) == 1)
			count++;
	if (file)
		fclose(file);
	free(line);
	return count;
}

void note_mounts(void) { own_count = read_mounts("self/mountinfo", own_mounts, LENGTH(own_mounts)); }

static bool has_mount(const uint64_t *numbers, size_t count, uint64_t number)
{
	for (size_t i = 0; i < count; i++)
		if (numbers[i] == number)
			return true;
	return false;
}

/*
 * Whether the file is on a mount of the sandbox. How a path is spelled says nothing of that: a link, a directory that is swapped or a descriptor may lead
 * through what /proc shows of other processes, and this process may go wherever that leads.
 */
static bool is_inside(const struct call *call, int fd)
{
	struct statx status;
	uint64_t number;
	if (statx(fd, "", AT_EMPTY_PATH, WITH_MOUNT_ID, &status) < 0 || !(status.stx_mask & WITH_MOUNT_ID))
		return false;
	memcpy(&number, (char *)&status + MOUNT_ID_OFFSET, sizeof number);
	if (has_mount(own_mounts, own_count, number))
		return true;
	/* A step without limits mounts things itself. */
	uint64_t theirs[LENGTH(own_mounts)];
	char path[32];
	snprintf(path, sizeof path, "%d/mountinfo", call->pid);
	size_t count = read_mounts(path, theirs, LENGTH(theirs));
	return still_waits(call) && has_mount(theirs, count, number);
}

/* Reads the path; false for what the kernel had better answer. */
static bool read_path(const struct call *call, uint64_t path, int flags, char text[PATH_ROOM])
{
	text[0] = 0;
	if ((path || !(flags & AT_EMPTY_PATH)) && !read_text(call, path, text, PATH_ROOM))
		return false;
	return text[0] || flags & AT_EMPTY_PATH;
}

/* Where a path begins: at the caller's root, at its working directory or at a descriptor of its own. */
static void find_start(const struct call *call, int directory, const char *text, char start[48])
{
	if (text[0] == '/')
		snprintf(start, 48, "%d/root", call->pid);
	else if (directory == AT_FDCWD)
		snprintf(start, 48, "%d/cwd", call->pid);
	else
		snprintf(start, 48, "%d/fd/%d", call->pid, directory);
}

bool locate(const struct call *call, int directory, uint64_t path, int flags, struct located *located)
{
	char text[PATH_ROOM], start[48];
	if (!read_path(call, path, flags, text))
		return false;
	find_start(call, directory, text, start);
	/* Without a text it is a link of /proc, which leads to the file itself. */
	located->flags = text[0] ? flags : flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
	snprintf(located->path, sizeof located->path, "%s%s%s", start, text[0] && text[0] != '/' ? "/" : "", text);
	return true;
}

/* What is held for the call that is being answered. */
static int held = -1;

static bool keep(int fd)
{
	if (held >= 0)
		close(held);
	held = fd;
	return fd >= 0;
}

/* Opens where the text begins, so that it stays the caller's when the caller dies and its number goes to another process. */
static int open_start(const struct call *call, int directory, const char *text)
{
	char start[48];
	find_start(call, directory, text, start);
	int fd = open(start, O_PATH | O_CLOEXEC);
	if (fd < 0 || still_waits(call))
		return fd;
	close(fd);
	return -1;
}

/* Holds what the text leads to from `start`, which is closed. */
static bool hold_below(const struct call *call, int start, const char *text, int flags)
{
	while (*text == '/')
		text++;
	int fd = openat(start, *text ? text : ".", O_PATH | O_CLOEXEC | (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0));
	close(start);
	return keep(fd) && is_inside(call, fd);
}

bool hold(const struct call *call, int directory, uint64_t path, int flags, struct located *located)
{
	char text[PATH_ROOM];
	if (!read_path(call, path, flags, text))
		return false;
	int start = open_start(call, directory, text);
	/* A descriptor of the caller's own, which may be a pipe's, is what it could change itself. */
	if (start < 0 || !(text[0] ? hold_below(call, start, text, flags) : keep(start)))
		return false;
	located->flags = 0;
	snprintf(located->path, sizeof located->path, "self/fd/%d", held);
	return true;
}

bool hold_parent(const struct call *call, int directory, uint64_t path, struct located *located)
{
	char text[PATH_ROOM];
	if (!read_path(call, path, 0, text))
		return false;
	size_t end = strlen(text);
	located->slashes = text[end - 1] == '/';
	while (end && text[end - 1] == '/')
		end--;
	text[end] = 0;
	const char *slash = strrchr(text, '/'), *name = slash ? slash + 1 : text;
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	int start = open_start(call, directory, text);
	if (start < 0)
		return false;
	char parent[PATH_ROOM];
	snprintf(parent, sizeof parent, "%.*s", (int)(name - text), text);
	if (!hold_below(call, start, parent, 0))
		return false;
	located->flags = AT_SYMLINK_NOFOLLOW;
	snprintf(located->path, sizeof located->path, "self/fd/%d/%s", held, name);
	return true;
}
