#include "place.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "report.h"

int make_directories(char *path, mode_t mode)
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

int use_place(char *place)
{
	if (make_directories(place, 0700) != 0) {
		note(place, strerror(errno));
		return 0;
	}
	return is_private(place);
}

int candidate(int number, char *to)
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
