/* The memory of processes whose system calls are answered, and what paths in it mean to them. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "seccomp-notify.h"
#include "supervised.h"

#define PAGE 4096

bool read_memory(const struct call *call, uint64_t address, void *data, size_t size)
{
	struct iovec here = {data, size}, there = {(void *)(uintptr_t)address, size};
	return process_vm_readv(call->pid, &here, 1, &there, 1, 0) == (ssize_t)size;
}

/* What was opened in /proc before this is the caller's: its number is not another process's yet. */
static bool still_waits(const struct call *call)
{
	uint64_t id = call->id;
	return ioctl(call->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

bool write_memory(const struct call *call, uint64_t address, const void *data, size_t size)
{
	char path[32];
	snprintf(path, sizeof path, "%d/mem", call->pid);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool written = still_waits(call) && pwrite(fd, data, size, (off_t)address) == (ssize_t)size;
	close(fd);
	return written;
}

/* What follows a text may not be readable, so it is read page by page. */
bool read_text(const struct call *call, uint64_t address, char *text, size_t room)
{
	for (size_t used = 0; used < room;) {
		size_t part = PAGE - (address + used) % PAGE;
		if (part > room - used)
			part = room - used;
		if (!read_memory(call, address + used, text + used, part))
			return false;
		if (memchr(text + used, 0, part))
			return true;
		used += part;
	}
	return false;
}

/* Makes `start`, where a path begins, one of this process's own descriptors. */
static bool hold(const struct call *call, char *start, size_t room)
{
	static int held = -1; /* until the next call */
	if (held >= 0)
		close(held);
	held = open(start, O_PATH | O_CLOEXEC);
	snprintf(start, room, "self/fd/%d", held);
	return held >= 0 && still_waits(call);
}

bool locate(const struct call *call, enum purpose purpose, int directory, uint64_t path, int *flags, char located[LOCATED_SIZE])
{
	char text[LOCATED_SIZE - 64] = "", start[48];
	if ((path || !(*flags & AT_EMPTY_PATH)) && !read_text(call, path, text, sizeof text))
		return false;
	/* /proc/self and what leads there mean the caller; nothing there has an owner that only we know. */
	if (strncmp(text, "/proc/", 6) == 0 || strncmp(text, "/dev/fd/", 8) == 0 || strncmp(text, "/dev/std", 8) == 0)
		return false;
	if (text[0] == '/')
		snprintf(start, sizeof start, "%d/root", call->pid);
	else if (directory == AT_FDCWD)
		snprintf(start, sizeof start, "%d/cwd", call->pid);
	else
		snprintf(start, sizeof start, "%d/fd/%d", call->pid, directory);
	if (!text[0] && !(*flags & AT_EMPTY_PATH))
		return false;
	if (purpose == TO_CHANGE && !hold(call, start, sizeof start))
		return false;
	if (!text[0])
		*flags &= ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW); /* a link of /proc, which leads to the file itself */
	snprintf(located, LOCATED_SIZE, "%s%s%s", start, text[0] && text[0] != '/' ? "/" : "", text);
	return true;
}
