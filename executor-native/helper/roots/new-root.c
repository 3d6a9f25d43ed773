#include "roots/new-root.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/util.h"

#define CODE "exec/working-root"

/* Asks the file system to put the directories in this one far from each other. */
static void spread(const char *folder)
{
	int flags;
	cleanup_fd int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
		flags |= FS_TOPDIR_FL;
		ioctl(fd, FS_IOC_SETFLAGS, &flags);
	}
}

/*
 * Note that the directory is made by a name of its own, because ext4 chooses by it where the files
 * in it go. It looks at each file that was deleted there in the last minute before it makes one:
 * after the root of an earlier build that takes as long as all the copying.
 */
void make_new_root(const char *folder, const char *path)
{
	uint64_t number = 0;
	getrandom(&number, sizeof number, GRND_NONBLOCK);
	cleanup_free char *first = format_text("%s/new-%" PRIx64, folder, number);
	spread(folder);
	if (mkdir(first, 0755) < 0 || rename(first, path) < 0)
		fail_errno(CODE, "Cannot make the directory \"%s\"", path);
}
