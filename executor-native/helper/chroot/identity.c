#include "chroot/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/short-path.h"

/* More than /proc/PID/status has, unless a process is in hundreds of groups. */
#define STATUS_ROOM 8192
#define SAME (-1)
#define USUAL_UMASK 022

bool read_identity(const struct call *call, struct caller *identity)
{
	char text[STATUS_ROOM];
	cleanup_fd int fd = open(short_path("/proc/%d/status", call->pid).text, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	text[size > 0 ? size : 0] = 0;
	const char *process = strstr(text, "\nTgid:"), *users = strstr(text, "\nUid:"), *groups = strstr(text, "\nGid:");
	const char *umask = strstr(text, "\nUmask:"), *capabilities = strstr(text, "\nCapEff:");
	/*
	 * All capabilities where they cannot be read: a change for the caller is made with its ids too.
	 */
	identity->capabilities = capabilities ? strtoull(capabilities + strlen("\nCapEff:"), NULL, 16) : UINT64_MAX;
	identity->umask = umask ? (uint32_t)strtoul(umask + strlen("\nUmask:"), NULL, 8) : USUAL_UMASK;
	return process && users && groups && sscanf(process, "\nTgid: %d", &identity->process) == 1 &&
	       sscanf(users, "\nUid: %u %*u %*u %u", &identity->user, &identity->files_user) == 2 &&
	       sscanf(groups, "\nGid: %u %*u %*u %u", &identity->group, &identity->files_group) == 2 && still_waits(call);
}

void take_identity(const struct caller *identity)
{
	setfsgid(identity->files_group);
	setfsuid(identity->files_user);
}

void end_identity(void)
{
	setfsuid(0);
	setfsgid(0);
}

/* Makes the permitted capabilities of a mask effective, and no others. */
static void use_capabilities(uint64_t mask)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	if (syscall(SYS_capget, &header, data) < 0)
		fail_errno("exec/supervisor", "Cannot read this process's capabilities");
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		data[i].effective = data[i].permitted & (uint32_t)(mask >> (32 * i));
	if (syscall(SYS_capset, &header, data) < 0)
		fail_errno("exec/supervisor", "Cannot use a part of the capabilities");
}

void take_rights(const struct caller *identity)
{
	take_identity(identity);
	use_capabilities(identity->capabilities);
}

void end_rights(void)
{
	use_capabilities(UINT64_MAX);
	end_identity();
}

typedef ssize_t (*transfer)(pid_t, const struct iovec *, unsigned long, const struct iovec *, unsigned long, unsigned long);

static bool move(const struct call *call, transfer function, void *data, uint64_t address, size_t size)
{
	struct iovec here = {data, size}, there = {(void *)(uintptr_t)address, size};
	return function(call->pid, &here, 1, &there, 1, 0) == (ssize_t)size;
}

/*
 * Moves bytes from or to the caller's memory. The kernel lets a process do that to one of the same
 * real ids; those are taken over for a moment, as this process keeps root's rights by the others.
 */
static bool move_as(const struct call *call, transfer function, void *data, uint64_t address, size_t size)
{
	struct caller identity;
	if (move(call, function, data, address, size))
		return true;
	if (errno != EPERM || !read_identity(call, &identity) || (!identity.user && !identity.group))
		return false;
	syscall(SYS_setresgid, identity.group, SAME, SAME);
	syscall(SYS_setresuid, identity.user, SAME, SAME);
	bool moved = move(call, function, data, address, size);
	syscall(SYS_setresuid, 0, SAME, SAME);
	syscall(SYS_setresgid, 0, SAME, SAME);
	return moved;
}

bool read_step_memory(const struct call *call, uint64_t address, void *data, size_t size)
{
	return move_as(call, process_vm_readv, data, address, size);
}

bool write_step_memory(const struct call *call, uint64_t address, const void *data, size_t size)
{
	return still_waits(call) && move_as(call, process_vm_writev, (void *)data, address, size);
}

bool read_step_text(const struct call *call, uint64_t address, char *text, size_t room)
{
	return read_text_by(read_step_memory, call, address, text, room);
}
