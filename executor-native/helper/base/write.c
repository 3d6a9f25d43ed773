#include "base/write.h"

#include <errno.h>
#include <unistd.h>

bool try_write_all(int fd, const char *data, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t count = write(fd, data + done, size - done);
		if (count < 0 && errno != EINTR)
			return false;
		if (count > 0)
			done += (size_t)count;
	}
	return true;
}
