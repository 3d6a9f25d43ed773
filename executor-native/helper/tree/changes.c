#include "tree/changes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/attributes.h"
#include "tree/layers.h"

#define CODE "exec/working-root"
#define COPY_SIZE 65536

/* Files with several names of which at least one is new or was replaced. */
struct fresh {
	size_t count, room;
	struct {
		uint64_t device, inode;
	} *items;
};

/* A directory that is being compared. */
struct level {
	const struct level *outer;
	const char *path; /* in the tree; "" is its root */
	bool is_made;     /* it is in the upper directory */
};

struct comparison {
	const struct changes *changes;
	struct copying copying;
	struct fresh fresh;
};

static bool is_directory(const struct node *node) { return S_ISDIR(node->facts.mode); }

static bool is_same_file(const struct facts *a, const struct facts *b)
{
	return a->inode == b->inode && a->device == b->device && (a->mode & S_IFMT) == (b->mode & S_IFMT) &&
	       is_same_moment(a->born, b->born);
}

/* Returns true when all facts but the time of the last change agree. */
static bool looks_the_same(const struct facts *a, const struct facts *b)
{
	bool is_same_size = S_ISDIR(a->mode) || (a->size == b->size && is_same_moment(a->modified, b->modified));
	return is_same_size && a->mode == b->mode && a->uid == b->uid && a->gid == b->gid;
}

static bool is_untouched(const struct facts *a, const struct facts *b)
{
	return is_same_file(a, b) && looks_the_same(a, b) && is_same_moment(a->changed, b->changed);
}

static void note_fresh(struct fresh *fresh, const struct facts *facts)
{
	if (fresh->count == fresh->room) {
		fresh->room = fresh->room ? 2 * fresh->room : 64;
		fresh->items = resize(fresh->items, fresh->room, sizeof *fresh->items);
	}
	fresh->items[fresh->count].device = facts->device;
	fresh->items[fresh->count++].inode = facts->inode;
}

/* Finds the files with several names that are new under one of them. */
static void find_fresh(struct fresh *fresh, const struct node *before, const struct node *after)
{
	for (size_t i = 0; i < after->count; i++) {
		const struct node *now = &after->entries[i], *then = before ? child_of(before, now->name) : NULL;
		if (now->is_placed)
			continue;
		bool is_new = !then || !is_same_file(&then->facts, &now->facts);
		if (is_directory(now))
			find_fresh(fresh, is_new ? NULL : then, now);
		else if (now->facts.links > 1 && (is_new || !looks_the_same(&then->facts, &now->facts)))
			note_fresh(fresh, &now->facts);
	}
}

static int compare_fresh(const void *a, const void *b) { return memcmp(a, b, 2 * sizeof(uint64_t)); }

static bool is_fresh(const struct fresh *fresh, const struct facts *facts)
{
	uint64_t wanted[2] = {facts->device, facts->inode};
	return fresh->count && bsearch(wanted, fresh->items, fresh->count, sizeof *fresh->items, compare_fresh);
}

static char *path_in(const char *directory, const struct level *level, const char *name)
{
	return format_text("%s%s%s%s", directory, level->path, *name ? "/" : "", name);
}

static char *in_tree(const struct comparison *all, const struct level *level, const char *name)
{
	return path_in(all->changes->tree, level, name);
}

static char *in_upper(const struct comparison *all, const struct level *level, const char *name)
{
	return path_in(all->changes->upper, level, name);
}

/* Makes a directory of the tree in the upper directory, with those above it. */
static void make(const struct comparison *all, struct level *level)
{
	if (level->is_made)
		return;
	make(all, (struct level *)level->outer);
	cleanup_free char *to = in_upper(all, level, "");
	if (mkdir(to, 0700) < 0)
		fail_errno(CODE, "Cannot make the directory \"%s\"", to);
	level->is_made = true;
}

/* Makes a directory look as in the tree, when everything in it is there. */
static void finish(const struct comparison *all, const struct level *level)
{
	struct stat status;
	cleanup_free char *from = in_tree(all, level, ""), *to = in_upper(all, level, "");
	if (!level->outer || !level->is_made)
		return;
	if (lstat(from, &status) < 0)
		fail_errno(CODE, "Cannot read \"%s\"", from);
	copy_metadata(from, to, &status);
	copy_times(to, &status);
}

static bool is_same_content(const char *a, const char *b)
{
	cleanup_fd int first = open(a, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), second = open(b, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char blocks[2][COPY_SIZE];
	for (;;) {
		ssize_t size = read(first, blocks[0], COPY_SIZE), other = read(second, blocks[1], COPY_SIZE);
		if (size < 0 || size != other || memcmp(blocks[0], blocks[1], (size_t)size) != 0)
			return false;
		if (size == 0)
			return true;
	}
}

/* Returns true when every attribute of one file, apart from a few, is on the other. */
static bool has_attributes_of(const char *a, const char *b)
{
	char names[ATTRIBUTE_ROOM], value[ATTRIBUTE_ROOM], other[ATTRIBUTE_ROOM];
	ssize_t length = llistxattr(a, names, sizeof names);
	for (char *name = names; length > 0 && name < names + length; name += strlen(name) + 1) {
		ssize_t size = lgetxattr(a, name, value, sizeof value), there = lgetxattr(b, name, other, sizeof other);
		if (size >= 0 && (size != there || memcmp(value, other, (size_t)size) != 0))
			return false;
	}
	return true;
}

/*
 * Returns true when a file whose facts agree is what the layers have: opening it for writing,
 * another link to it, or a change and a change back give it a new time only.
 */
static bool is_as_below(const struct comparison *all, const struct level *level, const struct node *node)
{
	struct merged below;
	cleanup_free char *inside = path_in("", level, node->name), *here = in_tree(all, level, node->name);
	if (!S_ISREG(node->facts.mode) || !find_in_layers(all->changes->lowers, inside, &below) || !below.file)
		return false;
	return is_same_content(here, below.file) && has_attributes_of(here, below.file) &&
	       has_attributes_of(below.file, here);
}

static bool is_changed(const struct comparison *all, const struct level *level, const struct node *then,
                       const struct node *now)
{
	if (is_untouched(&then->facts, &now->facts))
		return false;
	if (!is_same_file(&then->facts, &now->facts) || !looks_the_same(&then->facts, &now->facts))
		return true;
	if (now->facts.links > 1 && is_fresh(&all->fresh, &now->facts))
		return true;
	return !is_as_below(all, level, now);
}

static void compare(struct comparison *all, struct level *level, const struct node *before, const struct node *after);

static void compare_inner(struct comparison *all, struct level *level, const struct node *then, const struct node *now)
{
	cleanup_free char *path = path_in("", level, now->name);
	struct level inner = {.outer = level, .path = path};
	bool is_new = !then || !is_same_file(&then->facts, &now->facts);
	if (is_new || !is_untouched(&then->facts, &now->facts))
		make(all, &inner);
	if (then && is_new) {
		cleanup_free char *to = in_upper(all, &inner, "");
		if (lsetxattr(to, OPAQUE_ATTRIBUTE, "y", 1, 0) < 0)
			fail_errno(CODE, "Cannot note that \"%s\" was replaced", path);
	}
	compare(all, &inner, is_new ? NULL : then, now);
	finish(all, &inner);
}

static void write_file(struct comparison *all, struct level *level, const char *name)
{
	struct stat status;
	cleanup_free char *from = in_tree(all, level, name), *to = in_upper(all, level, name);
	make(all, level);
	if (lstat(from, &status) < 0)
		fail_errno(CODE, "Cannot read \"%s\"", from);
	copy_file(from, to, &status, &all->copying);
}

static void write_deletion(const struct comparison *all, struct level *level, const char *name)
{
	cleanup_free char *to = in_upper(all, level, name);
	make(all, level);
	make_whiteout(to);
}

/* Compares an entry; `then` or `now` is NULL where there is none. */
static void compare_entry(struct comparison *all, struct level *level, const struct node *then, const struct node *now)
{
	if (now && now->is_placed)
		return;
	if (!now)
		write_deletion(all, level, then->name);
	else if (is_directory(now))
		compare_inner(all, level, then, now);
	else if (!then || is_changed(all, level, then, now))
		write_file(all, level, now->name);
}

/* Compares the entries of a directory; `before` is NULL for a new one. */
static void compare(struct comparison *all, struct level *level, const struct node *before, const struct node *after)
{
	size_t then = 0, now = 0, count = before ? before->count : 0;
	while (then < count || now < after->count) {
		const struct node *a = then < count ? &before->entries[then] : NULL;
		const struct node *b = now < after->count ? &after->entries[now] : NULL;
		int order = !a ? 1 : !b ? -1 : strcmp(a->name, b->name);
		compare_entry(all, level, order <= 0 ? a : NULL, order >= 0 ? b : NULL);
		then += order <= 0;
		now += order >= 0;
	}
}

void write_changes(const struct changes *changes, const struct node *before, const struct node *after)
{
	struct comparison all = {.changes = changes, .copying = {.carried = changes->carried}};
	struct level root = {.path = "", .is_made = true};
	find_fresh(&all.fresh, before, after);
	if (all.fresh.count)
		qsort(all.fresh.items, all.fresh.count, sizeof *all.fresh.items, compare_fresh);
	compare(&all, &root, before, after);
}
