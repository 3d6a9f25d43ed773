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

bool write_memory(const struct call *call, uint64_t address, const void *data, size_t size)
{
	struct iovec here = {(void *)data, size}, there = {(void *)(uintptr_t)address, size};
	uint64_t id = call->id;
	/* Its number may be another process's by now. */
	return ioctl(call->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0 &&
	       process_vm_writev(call->pid, &here, 1, &there, 1, 0) == (ssize_t)size;
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

bool locate(const struct call *call, int directory, uint64_t path, int *flags, char located[LOCATED_SIZE])
{
	char text[LOCATED_SIZE - 64] = "", base[48];
	if ((path || !(*flags & AT_EMPTY_PATH)) && !read_text(call, path, text, sizeof text))
		return false;
	if (directory == AT_FDCWD)
		snprintf(base, sizeof base, "%d/cwd", call->pid);
	else
		snprintf(base, sizeof base, "%d/fd/%d", call->pid, directory);
	if (text[0] == '/') {
		/* /proc/self and what leads there mean the caller; nothing there has an owner that only we know. */
		if (strncmp(text, "/proc/", 6) == 0 || strncmp(text, "/dev/fd/", 8) == 0 || strncmp(text, "/dev/std", 8) == 0)
			return false;
		snprintf(located, LOCATED_SIZE, "%d/root%s", call->pid, text);
	} else if (text[0]) {
		snprintf(located, LOCATED_SIZE, "%s/%s", base, text);
	} else if (*flags & AT_EMPTY_PATH) {
		strcpy(located, base);
		*flags &= ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW); /* a link of /proc, which leads to the file itself */
	} else {
		return false;
	}
	return true;
}
