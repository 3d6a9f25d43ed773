/*
 * The beginning of the single file: unpacks what stands behind it, once, and starts it. Behind it
 * are Node, the libraries and the loader that Node needs, and tsbuild, so that nothing of the machine
 * but its kernel is used. Plain C11, static.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "place.h"
#include "report.h"
#include "unpack.h"

/* Opens the file that runs: by the path that it was started with where /proc is not mounted. */
static int open_self(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fd = open((const char *)getauxval(AT_EXECFN), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail("its own file cannot be opened: mount /proc, or start it by its path");
	return fd;
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
	char **args = calloc((size_t)argc + 7, sizeof *args);
	int count = 0;

	if (!args)
		fail("there is no memory");
	args[count++] = loader;
	args[count++] = "--library-path";
	args[count++] = libraries;
	args[count++] = joined(directory, "bin/node");
	/* Node would take its own --env-file from the command's arguments. */
	args[count++] = "--";
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
		/* Marks this version as in use. */
		utimensat(AT_FDCWD, target, NULL, 0);
		start(target, argc, argv);
	}
	fail("it unpacks itself once, and found no place for that. Name a directory of yours with XDG_CACHE_HOME. It tried:");
}
