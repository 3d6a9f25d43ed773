#include "ownership/looks.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/short-path.h"
#include "ownership/devices.h"
#include "ownership/owners.h"

/* Room for two numbers of 32 bits and a mode. */
#define LOOK_ROOM 48
#define NANOSECONDS 1000000000
#define CODE "exec/owners"

/* Permissions that the file on the disk has of its own. */
#define SET_ID_BITS (S_ISUID | S_ISGID)

void begin_looks(struct looks *looks)
{
	*looks = (struct looks){.uid = geteuid(), .gid = getegid()};
}

mode_t kept_mode(mode_t mode) { return mode | (S_ISDIR(mode) ? S_IRWXU : S_IRUSR | S_IWUSR); }

static bool takes_attribute(mode_t mode) { return S_ISREG(mode) || S_ISDIR(mode); }

static bool identify(int fd, struct identity *file)
{
	struct statx status;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &status) < 0)
		return false;
	file->device = makedev(status.stx_dev_major, status.stx_dev_minor);
	file->inode = status.stx_ino;
	file->birth = status.stx_mask & STATX_BTIME ? status.stx_btime.tv_sec * NANOSECONDS + status.stx_btime.tv_nsec : 0;
	return true;
}

static const struct owner_entry *find_noted(const struct owner_table *table, int fd)
{
	struct identity file;
	if (!table->count || !identify(fd, &file))
		return NULL;
	const struct owner_entry *entry = find_entry(table, &file);
	return entry && entry->kept ? entry : NULL;
}

static void see_attribute(int fd, struct stat *status)
{
	char text[LOOK_ROOM];
	unsigned mode;
	uint32_t uid, gid;
	ssize_t size = getxattr(proc_path_of(fd).text, OWNER_ATTRIBUTE, text, sizeof text - 1);
	text[size > 0 ? size : 0] = 0;
	int count = sscanf(text, "%" SCNu32 ":%" SCNu32 ":%o", &uid, &gid, &mode);
	if (count < 2)
		return;
	status->st_uid = uid;
	status->st_gid = gid;
	if (count == 3) /* the kernel takes set-id bits away from a file that is written to */
		status->st_mode = (status->st_mode & (S_IFMT | SET_ID_BITS | S_ISVTX)) | (mode & 0777);
}

void see(const struct looks *looks, int fd, struct stat *status)
{
	if (status->st_uid != looks->uid)
		return;
	struct device device;
	if (looks->has_devices && S_ISREG(status->st_mode) && find_device(proc_path_of(fd).text, 0, &device)) {
		show_device(&device, status);
		return;
	}
	status->st_uid = 0;
	status->st_gid = 0;
	if (takes_attribute(status->st_mode)) {
		see_attribute(fd, status);
		return;
	}
	const struct owner_entry *entry = find_noted(&looks->table, fd);
	if (entry) {
		status->st_uid = entry->owner.uid;
		status->st_gid = entry->owner.gid;
	}
}

static bool note(struct owner_table *table, int fd, struct owner owner)
{
	struct identity file;
	if (!identify(fd, &file))
		return false;
	struct owner_entry *entry = add_entry(table, &file);
	entry->owner = owner;
	entry->kept = entry->fresh = true;
	return true;
}

static bool write_attribute(int fd, const struct stat *status)
{
	char room[LOOK_ROOM];
	struct buffer text = BUFFER_IN(room);
	mode_t kept = kept_mode(status->st_mode);
	struct short_path path = proc_path_of(fd);
	append(&text, "%" PRIu32 ":%" PRIu32, (uint32_t)status->st_uid, (uint32_t)status->st_gid);
	if (kept != status->st_mode)
		append(&text, ":%o", (unsigned)status->st_mode & 0777);
	else if (status->st_uid == 0 && status->st_gid == 0)
		return removexattr(path.text, OWNER_ATTRIBUTE) == 0 || errno == ENODATA;
	return setxattr(path.text, OWNER_ATTRIBUTE, room, text.length, 0) == 0;
}

bool make_look(struct looks *looks, int fd, const struct stat *status)
{
	struct stat now;
	struct owner owner = {status->st_uid, status->st_gid};
	if (fstat(fd, &now) < 0)
		return false;
	if (now.st_uid != looks->uid) {
		errno = EPERM;
		return false;
	}
	struct device device;
	if (looks->has_devices && S_ISREG(now.st_mode) && find_device(proc_path_of(fd).text, 0, &device)) {
		device.owner = owner;
		device.mode = (device.mode & S_IFMT) | (status->st_mode & MODE_BITS);
		return change_device(proc_path_of(fd).text, 0, &device);
	}
	if (!S_ISLNK(now.st_mode) && (now.st_mode & MODE_BITS) != (kept_mode(status->st_mode) & MODE_BITS) &&
	    chmod(proc_path_of(fd).text, kept_mode(status->st_mode) & MODE_BITS) < 0)
		return false;
	if (takes_attribute(now.st_mode))
		return write_attribute(fd, status);
	/* The time of the change shows that the link or FIFO is not as it was. */
	if (fchownat(fd, "", (uid_t)-1, (gid_t)-1, AT_EMPTY_PATH) < 0)
		return false;
	bool is_root = owner.uid == 0 && owner.gid == 0;
	return (is_root && !looks->table.count) || note(&looks->table, fd, owner);
}

void carry_look(const struct carried_looks *carried, const char *from, const char *to)
{
	const int flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
	if (!carried->from->count)
		return;
	cleanup_fd int original = open(from, flags), copy = open(to, flags);
	const struct owner_entry *entry = original < 0 ? NULL : find_noted(carried->from, original);
	/* A link of a layer that says nothing has the owner of the link that it hides. */
	bool is_layer = carried->to != carried->from;
	if (!entry && !is_layer)
		return;
	struct owner owner = entry ? entry->owner : (struct owner){0, 0};
	if (copy < 0 || !note(carried->to, copy, owner))
		fail_errno(CODE, "Cannot note the owner of \"%s\"", to);
}

/*
 * Note that the device of files is that of the table's own file, because an overlay has another one
 * for directories.
 */
void read_table(struct owner_table *table, const char *directory)
{
	struct stat status;
	size_t size;
	struct owner owner;
	cleanup_free char *path = format_text("%s.owners", directory);
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return;
	if (fd < 0 || fstat(fd, &status) < 0)
		fail_errno(CODE, "Cannot read \"%s\"", path);
	cleanup_free char *text = read_all(fd, &size, path);
	for (char *at = text; *at; at += strcspn(at, "\n") + 1) {
		struct identity file = {.device = status.st_dev};
		if (sscanf(at, "%" SCNu64 " %" SCNd64 " %" SCNu32 " %" SCNu32, &file.inode, &file.birth, &owner.uid, &owner.gid) != 4)
			fail("exec/internal", "The owners of what the layers hold are malformed");
		struct owner_entry *entry = add_entry(table, &file);
		entry->owner = owner;
		entry->kept = true;
	}
}

void write_table(const struct owner_table *table, const char *directory)
{
	struct stat status;
	bool is_empty = true;
	cleanup_file FILE *file = NULL;
	cleanup_free char *path = format_text("%s.owners", directory);
	if (unlink(path) < 0 && errno != ENOENT)
		fail_errno(CODE, "Cannot write \"%s\"", path);
	if (!table->count)
		return;
	file = fopen(path, "wxe");
	if (!file || fstat(fileno(file), &status) < 0)
		fail_errno(CODE, "Cannot write \"%s\"", path);
	for (size_t i = 0; i < table->count; i++) {
		const struct owner_entry *entry = &table->entries[i];
		if (!entry->kept || entry->file.device != status.st_dev)
			continue;
		is_empty = false;
		fprintf(file, "%" PRIu64 " %" PRId64 " %" PRIu32 " %" PRIu32 "\n", entry->file.inode, entry->file.birth,
		        entry->owner.uid, entry->owner.gid);
	}
	if (ferror(file) || fflush(file) != 0 || (is_empty && unlink(path) < 0))
		fail_errno(CODE, "Cannot write \"%s\"", path);
}
