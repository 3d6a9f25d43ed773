#include "roots/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/remove-tree.h"
#include "roots/branches.h"
#include "tree/copy.h"

#define CODE "exec/mount-source"

/*
 * Nanoseconds between two looks at a directory that another step is moving, and the number of
 * looks.
 */
#define MOMENT 1000000
#define MOST_LOOKS 1000

/* An attribute of a stand-in: inode and path of the directory that it stands for. */
#define LENT_ATTRIBUTE "user.tsbuild.lent"

/* Room for a path, an inode's number and what is between them. */
#define LENT_ROOM (PATH_MAX + 32)

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* Returns true when a directory has the name by which it was opened. */
static bool is_named(int fd, const char *path)
{
	struct stat held, named;
	return fstat(fd, &held) == 0 && stat(path, &named) == 0 && is_same(&held, &named);
}

/*
 * Opens the directory that a stand-in stands for; -1 when it is not there. Another step has it, and
 * may have put anything in its way: the inode decides.
 */
static int open_lent(int stand_in)
{
	char text[LENT_ROOM];
	struct stat expected, found;
	ssize_t length = fgetxattr(stand_in, LENT_ATTRIBUTE, text, sizeof text - 1);
	if (length <= 0 || fstat(stand_in, &expected) < 0)
		return -1;
	text[length] = 0;
	char *path;
	expected.st_ino = strtoumax(text, &path, 10);
	cleanup_fd int fd = open(path + 1, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &found) < 0 || !is_same(&found, &expected))
		return -1;
	return take_fd(&fd);
}

struct reached reach_source(const char *source, int lock)
{
	const struct timespec moment = {0, MOMENT};
	for (int looks = 1;; looks++) {
		cleanup_fd int fd = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 && (errno != ENOENT || looks == MOST_LOOKS))
			fail_errno(CODE, "Cannot mount \"%s\"", source);
		if (fd >= 0 && flock(fd, lock | LOCK_NB) == 0) {
			if (is_named(fd, source)) {
				fremovexattr(fd, LENT_ATTRIBUTE); /* its holder died */
				return (struct reached){take_fd(&fd), true};
			}
		} else if (fd >= 0) {
			int lent = open_lent(fd);
			if (lent >= 0 || looks == MOST_LOOKS)
				return (struct reached){lent >= 0 ? lent : take_fd(&fd), false};
		}
		nanosleep(&moment, NULL);
	}
}

/*
 * Puts an empty, locked directory in the place of a source; returns its descriptor, or -1.
 */
static int exchange(const char *source, const char *stand_in)
{
	struct stat status;
	if (stat(source, &status) < 0 || mkdir(stand_in, 0700) < 0)
		return -1;
	cleanup_fd int fd = open(stand_in, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool is_locked = fd >= 0 && flock(fd, LOCK_EX) == 0;
	if (!is_locked || chown(stand_in, status.st_uid, status.st_gid) < 0 || chmod(stand_in, status.st_mode & MODE_BITS) < 0)
		return -1;
	return renameat2(AT_FDCWD, source, AT_FDCWD, stand_in, RENAME_EXCHANGE) == 0 ? take_fd(&fd) : -1;
}

/* Writes on a stand-in where the directory is. Without it other steps find an empty directory. */
static void note_place(int stand_in, int directory, const char *path)
{
	struct stat status;
	if (fstat(directory, &status) < 0)
		return;
	cleanup_free char *text = format_text("%" PRIuMAX " %s", (uintmax_t)status.st_ino, path);
	fsetxattr(stand_in, LENT_ATTRIBUTE, text, strlen(text), 0);
}

static void lend_and_copy_back(struct places *places, const char *source, const char *to, const struct stat *status)
{
	struct copying copying = {0};
	if (S_ISDIR(status->st_mode))
		copy_tree(source, to, &copying);
	else
		copy_file(source, to, status, &copying);
	return_to(places, source, true);
}

/* Moves a locked directory to a place; false when it cannot be moved there. */
static bool move(struct places *places, const char *source, const char *to, int lock)
{
	cleanup_free char *name = format_text("%s.lent", source);
	int stand_in = exchange(source, name); /* it is kept until this process ends */
	if (stand_in >= 0) {
		return_to(places, source, false);
		struct placed *place = &places->items[places->count - 1];
		place->lock = lock;
		if (rename(name, to) == 0) {
			note_place(stand_in, lock, to);
			return true;
		}
		place->lent->is_out = false;
		renameat2(AT_FDCWD, source, AT_FDCWD, name, RENAME_EXCHANGE);
	}
	rmdir(name);
	return false;
}

void lend(struct places *places, const struct mount_spec *mount, const char *to)
{
	struct stat status;
	if (lstat(mount->source, &status) < 0)
		fail_errno(CODE, "Cannot mount \"%s\" at \"%s\"", mount->source, mount->dest);
	if (!S_ISDIR(status.st_mode)) {
		lend_and_copy_back(places, mount->source, to, &status);
		return;
	}
	struct reached reached = reach_source(mount->source, LOCK_EX);
	if (reached.is_here) {
		if (!move(places, mount->source, to, reached.fd))
			lend_and_copy_back(places, mount->source, to, &status);
		return;
	}
	struct node *began = allocate(sizeof *began);
	make_branch(reached.fd, to, began);
	close(reached.fd);
	return_to(places, mount->source, true);
	places->items[places->count - 1].began = began;
}

void lend_copy(struct places *places, const char *source, const char *to)
{
	struct copying copying = {0};
	struct reached reached = reach_source(source, LOCK_SH);
	if (reached.is_here) {
		copy_tree(source, to, &copying);
	} else {
		/* Nothing is copied by a path that another step could change meanwhile. */
		struct node began;
		cleanup_free char *branch = format_text("%s/branch", places->stage);
		make_branch(reached.fd, branch, &began);
		copy_tree(branch, to, &copying);
		remove_tree(branch);
	}
	close(reached.fd);
}
