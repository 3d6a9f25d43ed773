#include "ownership/owner-notes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "ownership/mapped.h"

/* Directories of the host that are mounted writable, as cache mounts are. */
static struct place {
	int fd;
	dev_t device;
} *places;
static size_t place_count;

static struct texts notes;

static bool is_marked(const char *directory) { return getxattr(directory, OWNERS_MARK, NULL, 0) >= 0; }

static char *open_notes(const char *path, int *fd)
{
	char *name = format_text("%s.owners", path);
	*fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return name;
}

static bool has_notes(const char *path)
{
	int fd;
	free(open_notes(path, &fd));
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

bool has_written_owners(const struct spec *spec)
{
	for (size_t i = 0; i < spec->lowers.count; i++)
		if (is_marked(spec->lowers.items[i]))
			return true;
	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct mount_spec *mount = &spec->mounts[i];
		if (mount->type == MOUNT_BIND && (is_marked(mount->source) || has_notes(mount->source)))
			return true;
		if (mount->type == MOUNT_FILE && !(is_mapped_user((uint32_t)mount->uid) && is_mapped_group((uint32_t)mount->gid)))
			return true;
		for (size_t j = 0; j < mount->lowers.count; j++)
			if (is_marked(mount->lowers.items[j]))
				return true;
	}
	return false;
}

static void read_notes(const char *path)
{
	int fd;
	size_t size;
	char *name = open_notes(path, &fd);
	if (fd < 0 && errno != ENOENT)
		fail_errno("exec/owners", "Cannot read %s", name);
	if (fd >= 0) {
		append_text(&notes, read_all(fd, &size, name));
		close(fd);
	}
	free(name);
}

void use_owners(const struct spec *spec)
{
	for (size_t i = 0; i < spec->lowers.count; i++)
		read_notes(spec->lowers.items[i]);
	places = allocate(sizeof *places * (spec->mount_count + 1));
	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct mount_spec *mount = &spec->mounts[i];
		struct stat status;
		for (size_t j = 0; j < mount->lowers.count; j++)
			read_notes(mount->lowers.items[j]);
		if (mount->type != MOUNT_BIND)
			continue;
		read_notes(mount->source);
		int fd = mount->readonly ? -1 : open(mount->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 && fstat(fd, &status) == 0)
			places[place_count++] = (struct place){fd, status.st_dev};
	}
}

/* Who comes next must know that owners are written down there. */
void mark_place_of(const char *path, int flags)
{
	struct stat file, root;
	if (fstatat(AT_FDCWD, path, &file, flags) < 0 || stat("/", &root) < 0)
		return;
	if (file.st_dev == root.st_dev && !is_marked("/"))
		setxattr("/", OWNERS_MARK, "1", 1, 0); /* of the upper directory */
	for (size_t i = 0; i < place_count; i++)
		if (places[i].device == file.st_dev)
			fsetxattr(places[i].fd, OWNERS_MARK, "1", 1, 0);
}

const struct texts *owner_notes(void) { return &notes; }
