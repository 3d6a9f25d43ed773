/* The memory of processes whose system calls are answered. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "seccomp/notify.h"
#include "supervisor/call.h"

#define PAGE 4096

bool read_memory(const struct call *call, uint64_t address, void *data, size_t size)
{
	struct iovec here = {data, size}, there = {(void *)(uintptr_t)address, size};
	return process_vm_readv(call->pid, &here, 1, &there, 1, 0) == (ssize_t)size;
}

bool still_waits(const struct call *call)
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
