#include "ownership/owner-notes.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static bool is_marked(const char *directory) { return getxattr(directory, OWNERS_MARK, NULL, 0) >= 0; }

static bool is_any_marked(const struct texts *directories)
{
	for (size_t i = 0; i < directories->count; i++)
		if (is_marked(directories->items[i]))
			return true;
	return false;
}

char *notes_path(const char *directory) { return format_text("%s.owners", directory); }

static int open_notes(const char *path) { return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW); }

static bool has_notes(const char *directory)
{
	cleanup_free char *path = notes_path(directory);
	cleanup_fd int fd = open_notes(path);
	return fd >= 0;
}

static bool mount_has_owners(const struct mount_spec *mount, const struct mapped_ids *mapped)
{
	if (mount->type == MOUNT_BIND && (is_marked(mount->source) || has_notes(mount->source)))
		return true;
	if (mount->type == MOUNT_FILE && !is_mapped(mapped, (uint32_t)mount->uid, (uint32_t)mount->gid))
		return true;
	return is_any_marked(&mount->lowers);
}

bool has_written_owners(const struct spec *spec)
{
	if (is_any_marked(&spec->lowers))
		return true;
	for (size_t i = 0; i < spec->mount_count; i++)
		if (mount_has_owners(&spec->mounts[i], &spec->mapped))
			return true;
	return false;
}

void read_notes_of(struct owner_notes *notes, const char *directory)
{
	size_t size;
	cleanup_free char *path = notes_path(directory);
	cleanup_fd int fd = open_notes(path);
	if (fd < 0 && errno != ENOENT)
		fail_errno("exec/owners", "Cannot read %s", path);
	if (fd >= 0)
		append_text(&notes->texts, read_all(fd, &size, path));
}

/* Keeps a writable directory of the host open; files and what cannot be opened have no mark. */
static void add_place(struct owner_notes *notes, const char *directory)
{
	struct stat status;
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &status) == 0)
		notes->places[notes->place_count++] = (struct place){fd, status.st_dev};
}

void read_notes(struct owner_notes *notes, const struct spec *spec)
{
	cleanup_free char *working = spec->working ? working_root_path(spec) : NULL;
	if (working)
		read_notes_of(notes, working);
	for (size_t i = 0; !working && i < spec->lowers.count; i++)
		read_notes_of(notes, spec->lowers.items[i]);
	notes->places = allocate(sizeof *notes->places * (spec->mount_count + 1));
	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct mount_spec *mount = &spec->mounts[i];
		for (size_t j = 0; j < mount->lowers.count; j++)
			read_notes_of(notes, mount->lowers.items[j]);
		if (mount->type != MOUNT_BIND)
			continue;
		read_notes_of(notes, mount->source);
		if (!mount->readonly)
			add_place(notes, mount->source);
	}
}

void mark_place_of(const struct owner_notes *notes, const char *path, int flags)
{
	struct stat file, root;
	if (fstatat(AT_FDCWD, path, &file, flags) < 0 || stat("/", &root) < 0)
		return;
	if (file.st_dev == root.st_dev && !is_marked("/"))
		setxattr("/", OWNERS_MARK, "1", 1, 0); /* the mark is on the upper directory */
	for (size_t i = 0; i < notes->place_count; i++)
		if (notes->places[i].device == file.st_dev)
			fsetxattr(notes->places[i].fd, OWNERS_MARK, "1", 1, 0);
}
