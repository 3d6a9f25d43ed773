#include "unpack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "place.h"
#include "report.h"

/* The head of a file in the tree; its name and its bytes follow. */
struct entry {
	uint32_t mode;
	uint32_t name_length;
	uint64_t size;
};

static const char MAGIC[8] = {'T', 'S', 'B', 'U', 'I', 'L', 'D', '1'};

/* Begins the name of a version in the making. */
#define FRESH ".new-tsbuild-"

/* Seconds after which a version that nobody starts, or what an aborted start left, is removed. */
#define UNUSED_AGE (30 * 24 * 3600)
#define ABORTED_AGE 3600

static void read_exactly(int fd, void *to, size_t size, off_t at)
{
	for (size_t done = 0; done < size;) {
		ssize_t got = pread(fd, (char *)to + done, size - done, at + (off_t)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			fail("its file cannot be read to its end: copy it again");
		done += (size_t)got;
	}
}

struct trailer read_trailer(int self)
{
	struct trailer trailer;
	struct stat status;

	if (fstat(self, &status) != 0 || status.st_size < (off_t)sizeof trailer)
		fail("its file is cut off: copy it again");
	read_exactly(self, &trailer, sizeof trailer, status.st_size - (off_t)sizeof trailer);
	if (memcmp(trailer.magic, MAGIC, sizeof MAGIC) != 0 ||
	    trailer.offset + trailer.size + sizeof trailer != (uint64_t)status.st_size)
		fail("its file is cut off: copy it again");
	return trailer;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)status, (void)at;
	return type == FTW_DP || type == FTW_D || type == FTW_DNR ? rmdir(path) : unlink(path);
}

static void remove_tree(const char *path)
{
	nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS);
}

/* Removes what aborted starts left, and versions that were not started for long. */
static void clean(const char *place)
{
	DIR *directory = opendir(place);
	struct dirent *found;
	char path[PATH_MAX];
	struct stat status;

	while (directory && (found = readdir(directory))) {
		int fresh = strncmp(found->d_name, FRESH, strlen(FRESH)) == 0;

		if (!fresh && strncmp(found->d_name, UNPACKED, strlen(UNPACKED)) != 0)
			continue;
		if (snprintf(path, sizeof path, "%s/%s", place, found->d_name) >= (int)sizeof path)
			continue;
		if (lstat(path, &status) == 0 && status.st_mtime < time(NULL) - (fresh ? ABORTED_AGE : UNUSED_AGE))
			remove_tree(path);
	}
	if (directory)
		closedir(directory);
}

static int write_file(int self, off_t at, uint64_t size, const char *path, mode_t mode)
{
	static char buffer[1 << 20];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0)
		return -1;
	while (size > 0) {
		size_t part = size < sizeof buffer ? (size_t)size : sizeof buffer;

		read_exactly(self, buffer, part, at);
		for (size_t done = 0; done < part;) {
			ssize_t put = write(fd, buffer + done, part - done);

			if (put < 0 && errno != EINTR)
				goto failed;
			done += put > 0 ? (size_t)put : 0;
		}
		at += (off_t)part;
		size -= part;
	}
	/* Whole on disk before the directory gets its name, whatever happens to the machine. */
	if (fchmod(fd, mode) == 0 && fdatasync(fd) == 0 && close(fd) == 0)
		return 0;
	return -1;
failed:
	close(fd);
	return -1;
}

static int unpack_into(int self, const struct trailer *trailer, const char *directory)
{
	uint64_t at = trailer->offset, end = trailer->offset + trailer->size;
	char path[PATH_MAX];
	struct entry entry;

	while (at < end) {
		size_t used = (size_t)snprintf(path, sizeof path, "%s/", directory);

		read_exactly(self, &entry, sizeof entry, (off_t)at);
		at += sizeof entry;
		if (used + entry.name_length >= sizeof path) {
			errno = ENAMETOOLONG;
			return -1;
		}
		read_exactly(self, path + used, entry.name_length, (off_t)at);
		path[used + entry.name_length] = 0;
		at += entry.name_length;
		char *name = strrchr(path, '/');
		*name = 0;
		if (make_directories(path, 0700) != 0)
			return -1;
		*name = '/';
		if (write_file(self, (off_t)at, entry.size, path, entry.mode) != 0)
			return -1;
		at += entry.size;
	}
	return 0;
}

int unpack(int self, const struct trailer *trailer, const char *place, const char *target)
{
	char fresh[PATH_MAX];
	int error;

	clean(place);
	if (snprintf(fresh, sizeof fresh, "%s/%s%d-XXXXXX", place, FRESH, (int)getpid()) >= (int)sizeof fresh || !mkdtemp(fresh)) {
		note(place, strerror(errno));
		return 0;
	}
	if (unpack_into(self, trailer, fresh) == 0 && (rename(fresh, target) == 0 || errno == EEXIST || errno == ENOTEMPTY)) {
		remove_tree(fresh);
		return 1;
	}
	error = errno;
	remove_tree(fresh);
	note(place, strerror(error));
	return 0;
}
