#include "ownership/owners.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "ownership/mapped.h"
#include "ownership/owner-notes.h"

/* Of what lower layers hold, which several mounts may show: the birth tells it apart. */
#define ANY_DEVICE 0

struct entry {
	dev_t device;
	uint64_t inode, stored; /* as it is shown; in the directory that changes go to */
	int64_t birth;
	struct owner owner;
	bool kept, fresh; /* the owner is known; since this sandbox began */
	size_t next;      /* position + 1 of the next entry with this hash */
};

static struct entry *entries;
static size_t entry_count, entry_room;
static size_t heads[4096];
static int upper = -1;

void use_upper(int directory) { upper = directory; }

static struct entry *find_entry(dev_t device, uint64_t inode, int64_t birth)
{
	for (size_t at = heads[inode % LENGTH(heads)]; at; at = entries[at - 1].next) {
		struct entry *entry = &entries[at - 1];
		if ((entry->device == device || entry->device == ANY_DEVICE) && entry->inode == inode && entry->birth == birth)
			return entry;
	}
	return NULL;
}

static struct entry *add_entry(dev_t device, uint64_t inode, int64_t birth)
{
	struct entry *entry = find_entry(device, inode, birth);
	if (entry)
		return entry;
	if (entry_count == entry_room) {
		entry_room = entry_room ? 2 * entry_room : 256;
		entries = realloc(entries, entry_room * sizeof *entries);
		if (!entries)
			fail_errno("exec/sandbox-setup", "Cannot allocate memory");
	}
	size_t *head = &heads[inode % LENGTH(heads)];
	entries[entry_count] = (struct entry){.device = device, .inode = inode, .stored = inode, .birth = birth, .next = *head};
	*head = ++entry_count;
	return &entries[entry_count - 1];
}

static int64_t birth_of(const struct statx *status)
{
	return status->stx_mask & STATX_BTIME ? status->stx_btime.tv_sec * 1000000000 + status->stx_btime.tv_nsec : 0;
}

static bool identify(const char *path, int flags, dev_t *device, uint64_t *inode, int64_t *birth)
{
	struct statx status;
	if (statx(AT_FDCWD, path, flags, STATX_INO | STATX_BTIME, &status) < 0)
		return false;
	*device = makedev(status.stx_dev_major, status.stx_dev_minor);
	*inode = status.stx_ino;
	*birth = birth_of(&status);
	return true;
}

/* The inode that the file at `path` has in the directory that changes go to. */
static uint64_t stored_inode(const char *path, int flags, uint64_t inode, int64_t birth)
{
	char link[32], shown[4096];
	struct statx status;
	int fd = upper < 0 ? -1 : open(path, O_PATH | O_CLOEXEC | (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0));
	if (fd < 0)
		return inode;
	snprintf(link, sizeof link, "self/fd/%d", fd);
	ssize_t size = readlink(link, shown, sizeof shown - 1);
	close(fd);
	shown[size > 0 ? size : 0] = 0;
	if (size < 2 || statx(upper, shown + 1, AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &status) < 0 ||
	    (birth && birth_of(&status) != birth))
		return inode;
	return status.stx_ino;
}

static const struct entry *noted(const char *path, int flags)
{
	dev_t device;
	uint64_t inode;
	int64_t birth;
	const struct entry *entry = entry_count && identify(path, flags, &device, &inode, &birth) ? find_entry(device, inode, birth) : NULL;
	return entry && entry->kept ? entry : NULL;
}

bool is_noted(const char *path, int flags) { return noted(path, flags) != NULL; }

static bool find_written(const char *path, int flags, struct owner *owner)
{
	char text[32];
	ssize_t size = (flags & AT_SYMLINK_NOFOLLOW ? lgetxattr : getxattr)(path, OWNER_ATTRIBUTE, text, sizeof text - 1);
	if (size > 0) {
		text[size] = 0;
		if (sscanf(text, "%" SCNu32 ":%" SCNu32, &owner->uid, &owner->gid) == 2)
			return true;
	}
	const struct entry *entry = noted(path, flags);
	if (entry)
		*owner = entry->owner;
	return entry != NULL;
}

/* Only what the file system gives to root may have another owner: users of an image whose ids are mapped must not make themselves root with an attribute. */
bool find_owner(const char *path, int flags, struct owner *owner)
{
	struct stat status;
	struct owner found;
	if (!find_written(path, flags, &found) || fstatat(AT_FDCWD, path, &status, flags) < 0 || status.st_uid != 0 || status.st_gid != 0)
		return false;
	*owner = found;
	return true;
}

bool owner_of(const char *path, int flags, struct owner *owner)
{
	struct stat status;
	if (find_owner(path, flags, owner))
		return true;
	if (fstatat(AT_FDCWD, path, &status, flags) < 0)
		return false;
	*owner = (struct owner){status.st_uid, status.st_gid};
	return true;
}

/* Returns `stored`. */
static uint64_t note(dev_t device, uint64_t inode, int64_t birth, struct owner owner, uint64_t stored)
{
	struct entry *entry = add_entry(device, inode, birth);
	entry->device = device;
	entry->stored = stored;
	entry->owner = owner;
	entry->kept = entry->fresh = true;
	return stored;
}

/* 0:0, which the file system itself says, is kept by forgetting. */
static bool keep_owner(const char *path, int flags, struct owner owner)
{
	char text[32];
	bool plain = owner.uid == 0 && owner.gid == 0, nofollow = flags & AT_SYMLINK_NOFOLLOW;
	int size = snprintf(text, sizeof text, "%" PRIu32 ":%" PRIu32, owner.uid, owner.gid), result;
	if (plain)
		result = (nofollow ? lremovexattr : removexattr)(path, OWNER_ATTRIBUTE);
	else
		result = (nofollow ? lsetxattr : setxattr)(path, OWNER_ATTRIBUTE, text, (size_t)size, 0);
	if (result == 0 && !plain)
		mark_place_of(path, flags);
	if (result == 0 || (plain && errno == ENODATA))
		return true;
	if (errno != EPERM && errno != EOPNOTSUPP)
		return false;
	dev_t device;
	uint64_t inode;
	int64_t birth;
	if (!identify(path, flags, &device, &inode, &birth))
		return false;
	if (plain && !entry_count)
		return true;
	/* Root as well: it may be a copy of one that a layer below has another owner for. */
	uint64_t stored = note(device, inode, birth, owner, stored_inode(path, flags, inode, birth));
	if (stored != inode)
		note(device, stored, birth, owner, stored); /* as it is shown under names that it gets later */
	if (!plain)
		mark_place_of(path, flags);
	return true;
}

bool give_to(const char *path, int flags, struct owner owner)
{
	struct owner root = {0, 0};
	bool real = is_mapped_user(owner.uid) && is_mapped_group(owner.gid);
	const struct owner *shown = real ? &owner : &root;
	return fchownat(AT_FDCWD, path, shown->uid, shown->gid, flags) == 0 && keep_owner(path, flags, real ? root : owner);
}

static void read_lines(char *at, dev_t root)
{
	while (*at) {
		uint64_t inode = strtoull(at, &at, 10);
		int64_t birth = strtoll(at, &at, 10);
		struct entry *entry = add_entry(birth ? ANY_DEVICE : root, inode, birth);
		entry->owner.uid = (uint32_t)strtoul(at, &at, 10);
		entry->owner.gid = (uint32_t)strtoul(at, &at, 10);
		entry->kept = true;
		if (*at != '\n')
			fail("exec/internal", "The owners of what the layers hold are malformed");
		at++;
	}
}

void read_owners(dev_t root)
{
	const struct texts *notes = owner_notes();
	for (size_t i = 0; i < notes->count; i++)
		read_lines(notes->items[i], root);
}

void write_owners(int directory, const char *name, dev_t root)
{
	FILE *file = NULL;
	for (size_t i = 0; i < entry_count; i++) {
		const struct entry *entry = &entries[i];
		if (!entry->fresh || !entry->kept || entry->device != root)
			continue;
		if (!file) {
			int fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
			file = fd < 0 ? NULL : fdopen(fd, "we");
			if (!file)
				fail_errno("exec/owners", "Cannot write down who owns what the step made");
		}
		fprintf(file, "%" PRIu64 " %" PRId64 " %" PRIu32 " %" PRIu32 "\n", entry->stored, entry->birth, entry->owner.uid, entry->owner.gid);
	}
	if (file && fclose(file) != 0)
		fail_errno("exec/owners", "Cannot write down who owns what the step made");
}
