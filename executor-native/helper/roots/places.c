#include "roots/places.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/remove-tree.h"
#include "base/short-path.h"
#include "base/walk.h"
#include "tree/copy.h"

static _Noreturn void cannot_place(const char *dest) { fail_errno(PLACES_CODE, "Cannot mount at \"%s\"", dest); }

struct kept_times keep_times(int fd)
{
	struct stat status;
	if (fd < 0 || fstat(fd, &status) < 0)
		fail_errno(PLACES_CODE, "Cannot keep the times of a directory");
	return (struct kept_times){fd, {status.st_atim, status.st_mtim}};
}

void restore_times(const struct kept_times *kept)
{
	utimensat(AT_FDCWD, proc_path_of(kept->fd).text, kept->times, 0);
}

/* Returns the tree's entry of a path, with those on the way. */
static struct node *note_node(struct node *at, const char *path)
{
	char name[NAME_MAX + 1];
	while (*(path += strspn(path, "/"))) {
		size_t length = strcspn(path, "/");
		memcpy(name, path, length);
		name[length] = 0;
		at = add_child(at, name);
		path += length;
	}
	return at;
}

/* Makes a directory on the way to a place. */
static int make_stub(struct places *places, const struct walk *at, int level, int parent)
{
	char *path = copy_text(at->real);
	path[at->level[level].length] = 0;
	const char *name = strrchr(path, '/') + 1;
	if (mkdirat(parent, name, 0755) < 0)
		cannot_place(path);
	places->stubs = resize(places->stubs, places->stub_count + 1, sizeof *places->stubs);
	places->stubs[places->stub_count++] = (struct stub_directory){fcntl(parent, F_DUPFD_CLOEXEC, 0), path};
	note_node(places->tree, path);
	return openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Returns the directory that a place is in, which is made when it is missing. */
static int open_parent(struct places *places, const struct walk *at)
{
	int parent = fcntl(at->level[0].fd, F_DUPFD_CLOEXEC, 0);
	for (int level = 1; level < at->depth && parent >= 0; level++) {
		int inner = at->level[level].fd >= 0 ? fcntl(at->level[level].fd, F_DUPFD_CLOEXEC, 0)
		                                     : make_stub(places, at, level, parent);
		close(parent);
		parent = inner;
	}
	return parent;
}

/* Moves away what lies at a place. */
static char *move_aside(const struct places *places, const struct placed *place)
{
	char *aside = format_text("%s/aside%zu", places->stage, places->count);
	if (renameat(place->parent.fd, place->name, AT_FDCWD, aside) == 0)
		return aside;
	if (errno != EXDEV)
		cannot_place(place->path);
	/* overlayfs moves no directory of its lower layers. */
	struct copying copying = {0};
	cleanup_free char *from = format_text("%s%s", places->root_path, place->path);
	copy_tree(from, aside, &copying);
	remove_tree(from);
	return aside;
}

static bool is_other_kind(int fd, bool is_directory)
{
	struct stat status;
	return fstat(fd, &status) == 0 && (bool)S_ISDIR(status.st_mode) != is_directory;
}

/* Keeps the times of the first directory that is there already, before anything is made in it. */
static void keep_nearest(struct places *places, const struct walk *at)
{
	int level = at->depth - 1;
	while (level > 0 && at->level[level].fd < 0)
		level--;
	places->items[places->count].parent = keep_times(fcntl(at->level[level].fd, F_DUPFD_CLOEXEC, 0));
}

char *make_place(struct places *places, const char *dest, bool is_directory)
{
	cleanup_walk struct walk at = NO_WALK;
	if (!walk(&at, places->root, dest, WALK_FIND))
		cannot_place(dest);
	if (at.depth == 0) {
		errno = EBUSY;
		cannot_place(dest);
	}
	if (walk_fd(&at) >= 0 && is_other_kind(walk_fd(&at), is_directory)) {
		errno = is_directory ? ENOTDIR : EISDIR;
		cannot_place(dest);
	}
	places->items = resize(places->items, places->count + 1, sizeof *places->items);
	struct placed *place = &places->items[places->count];
	*place = (struct placed){.path = copy_text(at.real)};
	place->name = strrchr(place->path, '/') + 1;
	keep_nearest(places, &at);
	int nearest = place->parent.fd;
	place->parent.fd = open_parent(places, &at);
	if (place->parent.fd < 0)
		cannot_place(dest);
	utimensat(AT_FDCWD, proc_path_of(nearest).text, place->parent.times, 0);
	close(nearest);
	place->parent = keep_times(place->parent.fd);
	if (walk_fd(&at) >= 0)
		place->aside = move_aside(places, place);
	note_node(places->tree, place->path)->is_placed = true;
	append_text(&places->paths, copy_text(place->path));
	places->count++;
	return format_text("%s%s", places->root_path, place->path);
}

void return_to(struct places *places, const char *source, bool is_copy)
{
	struct placed *place = &places->items[places->count - 1];
	place->source = copy_text(source);
	place->is_copy = is_copy;
	for (size_t i = 0; i < MAX_LENT && !is_copy && !place->lent; i++)
		if (!places->lent[i].is_out)
			place->lent = &places->lent[i];
	if (is_copy)
		return;
	if (!place->lent)
		fail(PLACES_CODE, "Cannot mount at \"%s\": a step has at most %d such mounts", place->path, MAX_LENT);
	struct buffer from = BUFFER_IN(place->lent->source), to = BUFFER_IN(place->lent->place);
	append(&from, "%s", source);
	append(&to, "%s", place->path);
	place->lent->is_out = !from.cut && !to.cut;
}

/* Takes over the facts of a directory in which something was put, whose times are as before. */
static void renew_parent(const struct places *places, const char *path)
{
	cleanup_free char *directory = copy_text(path);
	*strrchr(directory, '/') = 0;
	cleanup_free char *full = format_text("%s%s/.", places->root_path, directory);
	struct node *node = find_node(places->tree, directory);
	if (node)
		read_facts(AT_FDCWD, full, &node->facts);
}

void restore_parents(struct places *places)
{
	for (size_t i = places->count; i-- > 0;)
		restore_times(&places->items[i].parent);
	for (size_t i = 0; i < places->stub_count; i++) {
		const struct stub_directory *stub = &places->stubs[i];
		struct node *node = find_node(places->tree, stub->path);
		if (!node || !read_facts(stub->parent, strrchr(stub->path, '/') + 1, &node->facts))
			cannot_place(stub->path);
	}
	for (size_t i = 0; i < places->count; i++)
		renew_parent(places, places->items[i].path);
	for (size_t i = 0; i < places->stub_count; i++)
		renew_parent(places, places->stubs[i].path);
}
