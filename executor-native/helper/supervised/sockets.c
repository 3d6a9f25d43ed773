/*
 * Pairs of Unix sockets. They get addresses without a path, so that no bind(2) can give them one:
 * the kernel would make it outside the root. Messages keep to the pair for the same reason.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "supervised/answers.h"

static bool take_any_address(int fd)
{
	const struct sockaddr_un address = {.sun_family = AF_UNIX};
	return bind(fd, (const struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path)) == 0;
}

struct answer translate_socketpair(const struct monitor *monitor, const struct call *call)
{
	int type = (int)call->args[1], kind = type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK), ends[2], numbers[2];
	(void)monitor;
	if ((int)call->args[0] != AF_UNIX)
		return VALUE(-EOPNOTSUPP);
	/* A datagram socket could send to any address; this kind keeps messages apart likewise. */
	if (kind == SOCK_DGRAM)
		kind = SOCK_SEQPACKET;
	if (socketpair(AF_UNIX, kind | SOCK_CLOEXEC | (type & SOCK_NONBLOCK), (int)call->args[2], ends) < 0)
		return VALUE(-errno);
	cleanup_fd int first = ends[0], second = ends[1];
	if (!take_any_address(first) || !take_any_address(second))
		return VALUE(-errno);
	for (int i = 0; i < 2; i++) {
		numbers[i] = lend_descriptor(call, i ? second : first, type & SOCK_CLOEXEC);
		if (numbers[i] < 0)
			return VALUE(numbers[i]);
	}
	return VALUE(write_memory(call, call->args[3], numbers, sizeof numbers) ? 0 : -EFAULT);
}
