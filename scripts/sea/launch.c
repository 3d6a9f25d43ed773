/*
 * The beginning of the single file: unpacks what stands behind it, once, and starts it. Behind it are
 * Node, the libraries and the loader that Node needs, and tsbuild, so that nothing of the machine but
 * its kernel is used. Plain C11, static.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

/* The last bytes of the file, see scripts/sea.mjs; numbers are little endian, as both processors are. */
struct trailer {
	char magic[8];
	uint64_t offset;
	uint64_t size;
	char digest[32];
	char unused[8];
};

struct entry {
	uint32_t mode;
	uint32_t name_length;
	uint64_t size;
};

static const char MAGIC[8] = {'T', 'S', 'B', 'U', 'I', 'L', 'D', '1'};

/* What an unpacked version and one in the making are called. */
#define UNPACKED "tsbuild-"
#define FRESH ".new-tsbuild-"

/* Seconds after which a version that nobody starts, or what an aborted start left, is removed. */
#define UNUSED_AGE (30 * 24 * 3600)
#define ABORTED_AGE 3600

static char reasons[8 * PATH_MAX];

static void note(const char *place, const char *reason)
{
	size_t used = strlen(reasons);

	snprintf(reasons + used, sizeof reasons - used, "\n  %s: %s", place, reason);
}

static void fail(const char *what)
{
	fprintf(stderr, "Cannot start tsbuild: %s%s\n", what, reasons);
	exit(1);
}

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

/* Opens the file that runs. Where /proc is not mounted, by the path that it was started with. */
static int open_self(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fd = open((const char *)getauxval(AT_EXECFN), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail("its own file cannot be opened: mount /proc, or start it by its path");
	return fd;
}

static struct trailer read_trailer(int self)
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

static int make_directories(char *path, mode_t mode)
{
	for (char *at = path + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = 0;
		mkdir(path, mode);
		*at = '/';
	}
	return mkdir(path, mode) == 0 || errno == EEXIST ? 0 : -1;
}

/*
 * Returns whether nobody else can put anything there: programs are started from it. A parent that all
 * may write to has to be sticky, or they could rename the directory.
 */
static int is_private(const char *path)
{
	char parent[PATH_MAX];
	struct stat status;
	struct statvfs system;

	snprintf(parent, sizeof parent, "%s/..", path);
	if (lstat(path, &status) != 0)
		note(path, strerror(errno));
	else if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid() || (status.st_mode & 022))
		note(path, "it is not a directory of this user alone");
	else if (stat(parent, &status) != 0 || ((status.st_mode & 002) && !(status.st_mode & S_ISVTX)))
		note(path, "other users could replace it");
	else if (statvfs(path, &system) != 0 || (system.f_flag & ST_NOEXEC))
		note(path, "no program can be started from its file system (noexec)");
	else
		return 1;
	return 0;
}

/* Makes the directory that versions are unpacked in; false where it cannot be used. */
static int use_place(char *place)
{
	if (make_directories(place, 0700) != 0) {
		note(place, strerror(errno));
		return 0;
	}
	return is_private(place);
}

static int candidate(int number, char *to)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME"), *temporary = getenv("TMPDIR");
	unsigned user = (unsigned)geteuid();
	int size = 0;

	to[0] = 0;
	switch (number) {
	case 0:
		if (cache && cache[0] == '/')
			size = snprintf(to, PATH_MAX, "%s/tsbuild", cache);
		return size < PATH_MAX;
	case 1:
		if (home && home[0] == '/')
			size = snprintf(to, PATH_MAX, "%s/.cache/tsbuild", strcmp(home, "/") == 0 ? "" : home);
		return size < PATH_MAX;
	case 2:
		if (temporary && temporary[0] == '/')
			size = snprintf(to, PATH_MAX, "%s/tsbuild-%u", temporary, user);
		return size < PATH_MAX;
	case 3:
		return snprintf(to, PATH_MAX, "/tmp/tsbuild-%u", user) < PATH_MAX;
	case 4:
		return snprintf(to, PATH_MAX, "/var/tmp/tsbuild-%u", user) < PATH_MAX;
	case 5:
		return snprintf(to, PATH_MAX, "/dev/shm/tsbuild-%u", user) < PATH_MAX;
	default:
		return -1;
	}
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

/* Unpacks beside the final place and renames: what has its name is whole. */
static int unpack(int self, const struct trailer *trailer, const char *place, const char *target)
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

static char *joined(const char *directory, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", directory, name) < 0)
		fail("there is no memory");
	return path;
}

/* Node is started by the loader that came with it, by path: the machine may have none, or an older one. */
static void start(const char *directory, int argc, char **argv)
{
	char *libraries = joined(directory, "lib"), *loader = joined(libraries, "tsbuild-ld.so");
	char **args = calloc((size_t)argc + 6, sizeof *args);
	int count = 0;

	if (!args)
		fail("there is no memory");
	args[count++] = loader;
	args[count++] = "--library-path";
	args[count++] = libraries;
	args[count++] = joined(directory, "bin/node");
	args[count++] = joined(directory, "tsbuild/dist/cli.cjs");
	for (int at = 1; at < argc; at++)
		args[count++] = argv[at];
	execv(loader, args);
	if (errno == ENOEXEC)
		fail("it is for another kind of machine");
	note(loader, strerror(errno));
}

int main(int argc, char **argv)
{
	char place[PATH_MAX], *target, name[64];
	int self = open_self();
	struct trailer trailer = read_trailer(self);

	for (int number = 0, usable; (usable = candidate(number, place)) >= 0; number++) {
		if (!usable || !place[0] || !use_place(place))
			continue;
		snprintf(name, sizeof name, "%s%.32s", UNPACKED, trailer.digest);
		target = joined(place, name);
		if (access(target, F_OK) != 0 && !unpack(self, &trailer, place, target))
			continue;
		/* Tells that this version is in use. */
		utimensat(AT_FDCWD, target, NULL, 0);
		start(target, argc, argv);
	}
	fail("it unpacks itself once, and found no place for that. Name a directory of yours with XDG_CACHE_HOME. It tried:");
}
