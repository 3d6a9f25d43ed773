/* Opens a path below a directory by one call of the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "chroot/outside.h"
#include "supervisor/notify.h"

/*
 * The number of times that the kernel is asked again: a path with `..` may fail with EAGAIN when
 * any process of the machine renames something.
 */
#define MAX_TRIES 1000

int open_below(int directory, const char *path, uint64_t resolve, int flags)
{
	struct openat2_how how = {.flags = (uint64_t)flags | O_CLOEXEC, .resolve = resolve};
	int fd = -1;
	while (*path == '/')
		path++;
	for (int tries = 0; fd < 0 && tries < MAX_TRIES; tries++) {
		fd = (int)syscall(NR_OPENAT2, directory, *path ? path : ".", &how, sizeof how);
		if (fd < 0 && errno != EAGAIN)
			break;
	}
	return fd;
}
