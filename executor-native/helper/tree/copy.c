#include "tree/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/write.h"

#define CODE "exec/working-root"
#define COPY_SIZE (1 << 20)
/* A power of two. */
#define FIRST_ROOM 64

#define WHITEOUT_ATTRIBUTE OVERLAY_PREFIX "whiteout"

static _Noreturn void cannot_copy(const char *from, const char *to)
{
	fail_errno(CODE, "Cannot copy \"%s\" to \"%s\"", from, to);
}

/* Copies bytes through this process, where the kernel cannot do it alone. */
static bool copy_by_hand(int from, int to, off_t end)
{
	cleanup_free char *block = allocate(COPY_SIZE);
	for (off_t at = lseek(from, 0, SEEK_CUR); at < end;) {
		ssize_t count = read(from, block, COPY_SIZE);
		if (count <= 0)
			return count == 0;
		if (!try_write_all(to, block, (size_t)count))
			return false;
		at += count;
	}
	return true;
}

/* Copies the bytes from both files' present position, which is `at`, to `end`. */
static bool copy_range(int from, int to, off_t at, off_t end)
{
	while (at < end) {
		ssize_t count = copy_file_range(from, NULL, to, NULL, (size_t)(end - at), 0);
		if (count < 0 && errno != ENOSPC && errno != EDQUOT && errno != EIO)
			return copy_by_hand(from, to, end);
		if (count <= 0)
			return count == 0;
		at += count;
	}
	return true;
}

/* The unit of `st_blocks`. */
#define STAT_BLOCK 512

/* Copies the parts of a file that are no holes. */
static bool copy_parts(int from, int to, const struct stat *status)
{
	off_t size = status->st_size;
	if ((off_t)status->st_blocks * STAT_BLOCK >= size)
		return copy_range(from, to, 0, size);
	for (off_t end = 0;;) {
		off_t start = lseek(from, end, SEEK_DATA);
		if (start < 0 && errno == ENXIO)
			break;
		end = start < 0 ? size : lseek(from, start, SEEK_HOLE);
		if (start < 0)
			start = 0;
		if (lseek(from, start, SEEK_SET) < 0 || lseek(to, start, SEEK_SET) < 0 || !copy_range(from, to, start, end))
			return false;
		if (end >= size)
			break;
	}
	return ftruncate(to, size) == 0;
}

/* Makes the copy share the bytes of the original, where the file system can. */
static bool clone(int from, int to, struct copying *copying)
{
	if (copying->clones_nothing)
		return false;
	if (ioctl(to, FICLONE, from) == 0)
		return true;
	copying->clones_nothing = errno == EOPNOTSUPP || errno == EXDEV || errno == ENOTTY;
	return false;
}

static void copy_content(const char *from, const char *to, const struct stat *status, struct copying *copying)
{
	cleanup_fd int source = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	cleanup_fd int target = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (source < 0 || target < 0)
		cannot_copy(from, to);
	if (status->st_size && !clone(source, target, copying) && !copy_parts(source, target, status))
		cannot_copy(from, to);
}

static void copy_link(const char *from, const char *to)
{
	char target[PATH_MAX];
	ssize_t length = readlink(from, target, sizeof target - 1);
	if (length < 0)
		cannot_copy(from, to);
	target[length] = 0;
	if (symlink(target, to) < 0)
		cannot_copy(from, to);
}

static void copy_attributes(const char *from, const char *to)
{
	char names[ATTRIBUTE_ROOM], value[ATTRIBUTE_ROOM];
	ssize_t length = llistxattr(from, names, sizeof names);
	for (char *name = names; length > 0 && name < names + length; name += strlen(name) + 1) {
		if (strncmp(name, OVERLAY_PREFIX, strlen(OVERLAY_PREFIX)) == 0)
			continue;
		ssize_t size = lgetxattr(from, name, value, sizeof value);
		/* Labels of the machine's security modules are the machine's business. */
		if (size >= 0 && lsetxattr(to, name, value, (size_t)size, 0) < 0 && errno != EPERM && errno != EOPNOTSUPP)
			cannot_copy(from, to);
	}
}

/*
 * Gives a copy to the owner of its original. A user without privileges keeps it, as owners are
 * virtual then.
 */
static bool copy_real_owner(const char *to, const struct stat *status)
{
	return fchownat(AT_FDCWD, to, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW) == 0 ||
	       (errno == EPERM && geteuid() != 0);
}

void copy_metadata(const char *from, const char *to, const struct stat *status)
{
	if (!copy_real_owner(to, status) ||
	    (!S_ISLNK(status->st_mode) && chmod(to, status->st_mode & MODE_BITS) < 0))
		cannot_copy(from, to);
	copy_attributes(from, to);
}

void copy_times(const char *to, const struct stat *status)
{
	const struct timespec times[] = {status->st_atim, status->st_mtim};
	if (utimensat(AT_FDCWD, to, times, AT_SYMLINK_NOFOLLOW) < 0)
		fail_errno(CODE, "Cannot set the times of \"%s\"", to);
}

/* Returns the place where a file is in a table with room, or would be. */
static struct copied_link *place_of(const struct copied_links *links, dev_t device, ino_t inode)
{
	size_t at = (size_t)(inode * 0x9e3779b97f4a7c15u ^ device) & (links->room - 1);
	while (links->items[at].path && (links->items[at].inode != inode || links->items[at].device != device))
		at = (at + 1) & (links->room - 1);
	return &links->items[at];
}

static void make_room(struct copied_links *links)
{
	struct copied_links larger = {.count = links->count, .room = links->room ? 2 * links->room : FIRST_ROOM};
	if (2 * (links->count + 1) <= links->room)
		return;
	larger.items = allocate(larger.room * sizeof *larger.items);
	for (size_t i = 0; i < links->room; i++)
		if (links->items[i].path)
			*place_of(&larger, links->items[i].device, links->items[i].inode) = links->items[i];
	free(links->items);
	*links = larger;
}

/* Makes a link to an earlier copy of the same file; false when this is the first. */
static bool linked(const char *to, const struct stat *status, struct copied_links *links)
{
	if (status->st_nlink < 2)
		return false;
	make_room(links);
	struct copied_link *item = place_of(links, status->st_dev, status->st_ino);
	if (item->path && link(item->path, to) == 0)
		return true;
	links->count += !item->path;
	free(item->path);
	*item = (struct copied_link){status->st_dev, status->st_ino, copy_text(to)};
	return false;
}

void copy_file(const char *from, const char *to, const struct stat *status, struct copying *copying)
{
	if (S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode) || linked(to, status, &copying->links))
		return;
	if (S_ISREG(status->st_mode))
		copy_content(from, to, status, copying);
	else if (S_ISLNK(status->st_mode))
		copy_link(from, to);
	else if (mknod(to, status->st_mode, 0) < 0)
		cannot_copy(from, to);
	copy_metadata(from, to, status);
	copy_times(to, status);
	if (copying->carried.owners)
		copy_owner(copying->carried.owners, from, to);
	if (copying->carried.looks && !S_ISREG(status->st_mode))
		carry_look(copying->carried.looks, from, to);
}

static void copy_entry(const char *from, const char *to, struct copying *copying)
{
	struct stat status;
	if (lstat(from, &status) < 0)
		cannot_copy(from, to);
	if (S_ISDIR(status.st_mode))
		copy_tree(from, to, copying);
	else
		copy_file(from, to, &status, copying);
}

void fill_directory(DIR *directory, const char *from, const char *to, struct copying *copying, bring_entry *bring)
{
	struct stat status;
	struct dirent *entry;
	if (fstat(dirfd(directory), &status) < 0)
		cannot_copy(from, to);
	while ((entry = readdir(directory))) {
		if (is_dot(entry->d_name))
			continue;
		cleanup_free char *inner_from = format_text("%s/%s", from, entry->d_name);
		cleanup_free char *inner_to = format_text("%s/%s", to, entry->d_name);
		bring(inner_from, inner_to, copying);
	}
	copy_metadata(from, to, &status);
	copy_times(to, &status);
}

void copy_tree(const char *from, const char *to, struct copying *copying)
{
	cleanup_directory DIR *directory = opendir(from);
	if (!directory || (mkdir(to, 0700) < 0 && errno != EEXIST))
		cannot_copy(from, to);
	fill_directory(directory, from, to, copying, copy_entry);
}

void make_whiteout(const char *path)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || fsetxattr(fd, WHITEOUT_ATTRIBUTE, "y", 1, 0) < 0)
		fail_errno(CODE, "Cannot note that \"%s\" is deleted", path);
}

bool is_whiteout(const char *path, const struct stat *status)
{
	if (S_ISCHR(status->st_mode))
		return status->st_rdev == 0;
	return S_ISREG(status->st_mode) && status->st_size == 0 && lgetxattr(path, WHITEOUT_ATTRIBUTE, NULL, 0) >= 0;
}

bool is_opaque(const char *path)
{
	char value;
	return lgetxattr(path, OPAQUE_ATTRIBUTE, &value, 1) == 1 && value == 'y';
}
