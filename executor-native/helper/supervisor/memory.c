#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/short-path.h"
#include "supervisor/call.h"

#define PAGE 4096

bool read_memory(const struct call *call, uint64_t address, void *data, size_t size)
{
	struct iovec here = {data, size}, there = {(void *)(uintptr_t)address, size};
	return process_vm_readv(call->pid, &here, 1, &there, 1, 0) == (ssize_t)size;
}

bool write_memory(const struct call *call, uint64_t address, const void *data, size_t size)
{
	cleanup_fd int memory = open(short_path("%d/mem", call->pid).text, O_WRONLY | O_CLOEXEC);
	return memory >= 0 && still_waits(call) && pwrite(memory, data, size, (off_t)address) == (ssize_t)size;
}

/* Reads page by page, because memory behind the text may not be readable. */
bool read_text_by(memory_reader *read, const struct call *call, uint64_t address, char *text, size_t room)
{
	for (size_t used = 0; used < room;) {
		size_t part = PAGE - (address + used) % PAGE;
		if (part > room - used)
			part = room - used;
		if (!read(call, address + used, text + used, part))
			return false;
		if (memchr(text + used, 0, part))
			return true;
		used += part;
	}
	return false;
}

bool read_text(const struct call *call, uint64_t address, char *text, size_t room)
{
	return read_text_by(read_memory, call, address, text, room);
}
