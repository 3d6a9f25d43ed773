#include "roots/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "tree/copy.h"

#define CODE "exec/mount-source"

/* Nanoseconds until the next look at a directory that its holder is just exchanging. */
#define MOMENT 1000000

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/*
 * Locks the directory that has this name. Its holder may have put another one in its place, so the
 * name is looked up again under the lock.
 */
static void lock_source(const char *path)
{
	const struct timespec moment = {0, MOMENT};
	struct stat held, named;
	for (;;) {
		cleanup_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 && errno == ENOTDIR)
			return;
		if (fd < 0 && errno != ENOENT)
			fail_errno(CODE, "Cannot mount \"%s\"", path);
		if (fd < 0 || flock(fd, LOCK_EX) < 0 || fstat(fd, &held) < 0 || stat(path, &named) < 0 ||
		    !is_same(&held, &named)) {
			nanosleep(&moment, NULL);
			continue;
		}
		take_fd(&fd); /* it is kept until this process ends */
		return;
	}
}

static int compare_texts(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

void lock_sources(const struct spec *spec)
{
	struct texts sources = {0};
	struct stat status;
	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct mount_spec *mount = &spec->mounts[i];
		if (mount->type != MOUNT_BIND)
			continue;
		if (lstat(mount->source, &status) < 0)
			fail_errno(CODE, "Cannot mount \"%s\" at \"%s\"", mount->source, mount->dest);
		if (S_ISDIR(status.st_mode))
			append_text(&sources, mount->source);
	}
	/* Every step locks them in the same order, so that no two wait for each other. */
	if (sources.count)
		qsort(sources.items, sources.count, sizeof *sources.items, compare_texts);
	for (size_t i = 0; i < sources.count; i++) {
		if (i == 0 || strcmp(sources.items[i], sources.items[i - 1]) != 0)
			lock_source(sources.items[i]);
	}
}

char *find_source(const struct places *places, const char *source)
{
	for (size_t i = 0; i < places->count; i++) {
		const struct placed *place = &places->items[i];
		if (place->source && !place->is_copy && strcmp(place->source, source) == 0)
			return format_text("%s%s", places->root_path, place->path);
	}
	return copy_text(source);
}

/*
 * Puts an empty, locked directory in the place of a source. Steps that want the source wait for it.
 */
static bool exchange(const char *source, const char *stand_in)
{
	struct stat status;
	if (stat(source, &status) < 0 || mkdir(stand_in, 0700) < 0)
		return false;
	int fd = open(stand_in, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool is_locked = fd >= 0 && flock(fd, LOCK_EX) == 0;
	if (!is_locked || chown(stand_in, status.st_uid, status.st_gid) < 0 || chmod(stand_in, status.st_mode & MODE_BITS) < 0)
		return false;
	return renameat2(AT_FDCWD, source, AT_FDCWD, stand_in, RENAME_EXCHANGE) == 0;
}

static void lend_copy(struct places *places, const char *source, const char *to, const struct stat *status)
{
	struct copying copying = {0};
	if (S_ISDIR(status->st_mode))
		copy_tree(source, to, &copying);
	else
		copy_file(source, to, status, &copying);
	return_to(places, source, true);
}

void lend(struct places *places, const struct mount_spec *mount, const char *to)
{
	struct stat status;
	cleanup_free char *present = find_source(places, mount->source);
	if (strcmp(present, mount->source) != 0)
		fail(CODE, "Cannot mount \"%s\" at \"%s\": the step has it at another place, and without mounts it can be at one only",
		     mount->source, mount->dest);
	if (lstat(mount->source, &status) < 0)
		fail_errno(CODE, "Cannot mount \"%s\" at \"%s\"", mount->source, mount->dest);
	cleanup_free char *stand_in = format_text("%s.lent", mount->source);
	if (S_ISDIR(status.st_mode) && exchange(mount->source, stand_in)) {
		return_to(places, mount->source, false);
		if (rename(stand_in, to) == 0)
			return;
		places->items[places->count - 1].lent->is_out = false;
		renameat2(AT_FDCWD, mount->source, AT_FDCWD, stand_in, RENAME_EXCHANGE);
	}
	rmdir(stand_in);
	lend_copy(places, mount->source, to, &status);
}
