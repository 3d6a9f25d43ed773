#include "ownership/owners.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/short-path.h"

/* More than two 32-bit numbers with a colon between them. */
#define ATTRIBUTE_ROOM 32
#define NANOSECONDS 1000000000

static bool is_root(struct owner owner) { return owner.uid == 0 && owner.gid == 0; }

static int64_t birth_of(const struct statx *status)
{
	if (!(status->stx_mask & STATX_BTIME))
		return 0;
	return status->stx_btime.tv_sec * NANOSECONDS + status->stx_btime.tv_nsec;
}

bool identify_file(const char *path, int flags, struct identity *file)
{
	struct statx status;
	if (statx(AT_FDCWD, path, flags, STATX_INO | STATX_BTIME, &status) < 0)
		return false;
	file->device = makedev(status.stx_dev_major, status.stx_dev_minor);
	file->inode = status.stx_ino;
	file->birth = birth_of(&status);
	return true;
}

/* Reads the path at which the sandbox shows a file; false where that is not known. */
static bool read_shown_path(const char *path, int flags, char shown[PATH_MAX])
{
	cleanup_fd int fd = open(path, O_PATH | O_CLOEXEC | (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0));
	ssize_t size = fd < 0 ? -1 : readlink(short_path("self/fd/%d", fd).text, shown, PATH_MAX - 1);
	shown[size > 0 ? size : 0] = 0;
	return size > 1;
}

/* Returns the inode that the file at `path` has in the directory that changes go to. */
static uint64_t stored_inode(const struct owners *owners, const char *path, int flags, const struct identity *file)
{
	char shown[PATH_MAX];
	struct statx status;
	if (owners->upper < 0 || !read_shown_path(path, flags, shown) ||
	    statx(owners->upper, shown + 1, AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &status) < 0)
		return file->inode;
	bool is_other = file->birth && birth_of(&status) != file->birth;
	return is_other ? file->inode : status.stx_ino;
}

const struct owner_entry *find_owner_entry(const struct owner_table *table, const char *path, int flags)
{
	struct identity file;
	if (!table->count || !identify_file(path, flags, &file))
		return NULL;
	const struct owner_entry *entry = find_entry(table, &file);
	return entry && entry->kept ? entry : NULL;
}

bool is_noted(const struct owners *owners, const char *path, int flags)
{
	return find_owner_entry(&owners->table, path, flags) != NULL;
}

static bool read_attribute(const char *path, int flags, struct owner *owner)
{
	char text[ATTRIBUTE_ROOM];
	bool nofollow = flags & AT_SYMLINK_NOFOLLOW;
	ssize_t size = (nofollow ? lgetxattr : getxattr)(path, OWNER_ATTRIBUTE, text, sizeof text - 1);
	if (size <= 0)
		return false;
	text[size] = 0;
	return sscanf(text, "%" SCNu32 ":%" SCNu32, &owner->uid, &owner->gid) == 2;
}

static bool find_written(const struct owners *owners, const char *path, int flags, struct owner *owner)
{
	if (read_attribute(path, flags, owner))
		return true;
	const struct owner_entry *entry = find_owner_entry(&owners->table, path, flags);
	if (entry)
		*owner = entry->owner;
	return entry != NULL;
}

/*
 * Finds recorded owners of files that the file system gives to root. Note that other files keep
 * their owner, because users of an image whose ids are mapped must not make themselves root with an
 * attribute.
 */
bool find_owner(const struct owners *owners, const char *path, int flags, struct owner *owner)
{
	struct stat status;
	struct owner found;
	if (!find_written(owners, path, flags, &found) || fstatat(AT_FDCWD, path, &status, flags) < 0 ||
	    status.st_uid != 0 || status.st_gid != 0)
		return false;
	*owner = found;
	return true;
}

bool owner_of(const struct owners *owners, const char *path, int flags, struct owner *owner)
{
	struct stat status;
	if (find_owner(owners, path, flags, owner))
		return true;
	if (fstatat(AT_FDCWD, path, &status, flags) < 0)
		return false;
	*owner = (struct owner){status.st_uid, status.st_gid};
	return true;
}

/* Sets or, for root, removes the attribute; false with errno. */
static bool write_attribute(const char *path, int flags, struct owner owner)
{
	char room[ATTRIBUTE_ROOM];
	struct buffer text = BUFFER_IN(room);
	bool nofollow = flags & AT_SYMLINK_NOFOLLOW;
	if (is_root(owner))
		return (nofollow ? lremovexattr : removexattr)(path, OWNER_ATTRIBUTE) == 0 || errno == ENODATA;
	append(&text, "%" PRIu32 ":%" PRIu32, owner.uid, owner.gid);
	return (nofollow ? lsetxattr : setxattr)(path, OWNER_ATTRIBUTE, text.text, text.length, 0) == 0;
}

static void note(struct owner_table *table, const struct identity *file, struct owner owner, uint64_t stored)
{
	struct owner_entry *entry = add_entry(table, file);
	entry->file.device = file->device;
	entry->stored = stored;
	entry->owner = owner;
	entry->kept = entry->fresh = true;
}

/*
 * Writes the owner into the table. It includes root, because the file may be a copy of one that has
 * another owner in a layer below. A file that is copied up is recorded under both inodes: names
 * that it gets later show the stored one.
 */
static bool note_owner(struct owners *owners, const char *path, int flags, struct owner owner)
{
	struct identity file;
	if (!identify_file(path, flags, &file))
		return false;
	if (is_root(owner) && !owners->table.count)
		return true;
	uint64_t stored = stored_inode(owners, path, flags, &file);
	note(&owners->table, &file, owner, stored);
	if (stored != file.inode)
		note(&owners->table, &(struct identity){file.device, stored, file.birth}, owner, stored);
	return true;
}

/* Records the owner. 0:0 equals the file system's own owner, so it removes the record. */
static bool keep_owner(struct owners *owners, const char *path, int flags, struct owner owner)
{
	bool kept = write_attribute(path, flags, owner);
	if (!kept && errno != EPERM && errno != EOPNOTSUPP)
		return false;
	if (!kept && !note_owner(owners, path, flags, owner))
		return false;
	if (!is_root(owner))
		mark_place_of(&owners->notes, path, flags);
	return true;
}

bool give_to(struct owners *owners, const char *path, int flags, struct owner owner)
{
	const struct owner root = {0, 0};
	bool real = is_mapped(owners->mapped, owner.uid, owner.gid);
	struct owner shown = real ? owner : root, kept = real ? root : owner;
	return fchownat(AT_FDCWD, path, shown.uid, shown.gid, flags) == 0 && keep_owner(owners, path, flags, kept);
}

void read_owner_lines(struct owner_table *table, char *at, dev_t root)
{
	while (*at) {
		struct identity file = {.inode = strtoull(at, &at, 10)};
		file.birth = strtoll(at, &at, 10);
		file.device = file.birth ? ANY_DEVICE : root;
		struct owner_entry *entry = add_entry(table, &file);
		entry->owner.uid = (uint32_t)strtoul(at, &at, 10);
		entry->owner.gid = (uint32_t)strtoul(at, &at, 10);
		entry->kept = true;
		if (*at != '\n')
			fail("exec/internal", "The owners of what the layers hold are malformed");
		at++;
	}
}

void read_owners(struct owners *owners, dev_t root)
{
	for (size_t i = 0; i < owners->notes.texts.count; i++)
		read_owner_lines(&owners->table, owners->notes.texts.items[i], root);
}

static _Noreturn void cannot_write(void)
{
	fail_errno("exec/owners", "Cannot write down who owns what the step made");
}

static FILE *make_file(int directory, const char *name)
{
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "we");
	if (!file)
		cannot_write();
	return file;
}

void write_owner_line(FILE *file, uint64_t inode, int64_t birth, struct owner owner)
{
	fprintf(file, "%" PRIu64 " %" PRId64 " %" PRIu32 " %" PRIu32 "\n", inode, birth, owner.uid, owner.gid);
}

/* Returns true when the owner of an entry is to be written down for the steps after this one. */
static bool is_to_keep(const struct owners *owners, const struct owner_entry *entry, dev_t root)
{
	bool is_here = entry->file.device == root || (owners->keeps_all && entry->file.device == ANY_DEVICE);
	return is_here && entry->kept && (entry->fresh || owners->keeps_all);
}

void write_owners(const struct owners *owners, int directory, const char *name, dev_t root)
{
	FILE *file = NULL;
	for (size_t i = 0; i < owners->table.count; i++) {
		const struct owner_entry *entry = &owners->table.entries[i];
		if (!is_to_keep(owners, entry, root))
			continue;
		if (!file)
			file = make_file(directory, name);
		write_owner_line(file, entry->stored, entry->file.birth, entry->owner);
	}
	if (file && fclose(file) != 0)
		cannot_write();
}
