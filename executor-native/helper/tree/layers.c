#include "tree/layers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/remove-tree.h"

#define CODE "exec/working-root"

/* The number of links that the kernel follows. */
#define MAX_LINKS 40

static _Noreturn void cannot_read(const char *path) { fail_errno(CODE, "Cannot read \"%s\"", path); }

static void apply_directory(const char *from, const char *to, struct copying *copying);

/* Makes the directory of a layer in the tree, in the place of what it hides. */
static void apply_inner(const char *from, const char *to, struct copying *copying)
{
	struct stat there;
	bool is_there = lstat(to, &there) == 0;
	if (is_there && (!S_ISDIR(there.st_mode) || is_opaque(from))) {
		remove_tree(to);
		is_there = false;
	}
	if (!is_there && mkdir(to, 0700) < 0)
		fail_errno(CODE, "Cannot make the directory \"%s\"", to);
	apply_directory(from, to, copying);
}

static void apply_entry(const char *from, const char *to, struct copying *copying)
{
	struct stat status;
	if (lstat(from, &status) < 0)
		cannot_read(from);
	if (S_ISDIR(status.st_mode)) {
		apply_inner(from, to, copying);
		return;
	}
	remove_tree(to);
	if (!is_whiteout(from, &status))
		copy_file(from, to, &status, copying);
}

/* Puts the content of a layer's directory into the tree's, and copies the directory's metadata. */
static void apply_directory(const char *from, const char *to, struct copying *copying)
{
	cleanup_directory DIR *directory = opendir(from);
	if (!directory)
		cannot_read(from);
	fill_directory(directory, from, to, copying, apply_entry);
}

void apply_layer(const char *layer, const char *tree, struct carried carried)
{
	struct copying copying = {.carried = carried};
	apply_directory(layer, tree, &copying);
}

/* Goes from merged directories to an entry; false when there is none. */
static bool narrow(const struct merged *at, const char *name, struct merged *inner)
{
	struct stat status;
	*inner = (struct merged){.file = NULL};
	for (size_t i = 0; i < at->directories.count; i++) {
		char *path = format_text("%s/%s", at->directories.items[i], name);
		if (lstat(path, &status) < 0)
			continue;
		if (S_ISDIR(status.st_mode)) {
			append_text(&inner->directories, path);
			if (is_opaque(path))
				break;
			continue;
		}
		if (!inner->directories.count && !is_whiteout(path, &status))
			inner->file = path;
		break;
	}
	return inner->file || inner->directories.count;
}

static struct merged whole(const struct texts *layers)
{
	struct merged merged = {.file = NULL};
	for (size_t i = layers->count; i-- > 0;)
		append_text(&merged.directories, layers->items[i]);
	return merged;
}

/* The way that is left: the texts of links are put before it. */
struct way {
	char rest[2 * PATH_MAX];
	int links;
};

/* Puts the target of a link before the rest; false when there are too many, or no room. */
static bool follow(struct way *way, const char *link)
{
	char target[PATH_MAX];
	ssize_t length = readlink(link, target, sizeof target - 1);
	size_t left = strlen(way->rest);
	if (length < 0 || ++way->links > MAX_LINKS || (size_t)length + left + 2 > sizeof way->rest)
		return false;
	memmove(way->rest + length + 1, way->rest, left + 1);
	memcpy(way->rest, target, (size_t)length);
	way->rest[length] = '/';
	return true;
}

/* Cuts the first name off the rest; false at the end, or when it is too long. */
static bool next_name(struct way *way, char name[NAME_MAX + 1])
{
	size_t start = strspn(way->rest, "/"), length = strcspn(way->rest + start, "/");
	if (!length || length > NAME_MAX)
		return false;
	memcpy(name, way->rest + start, length);
	name[length] = 0;
	memmove(way->rest, way->rest + start + length, strlen(way->rest + start + length) + 1);
	return true;
}

static bool is_link(const char *path)
{
	struct stat status;
	return path && lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
}

bool find_in_layers(const struct texts *layers, const char *path, struct merged *found)
{
	struct merged levels[PATH_MAX / 2];
	struct way way = {.links = 0};
	char name[NAME_MAX + 1];
	size_t depth = 0;
	if (strlen(path) >= PATH_MAX)
		return false;
	strcpy(way.rest, path);
	levels[0] = whole(layers);
	while (next_name(&way, name)) {
		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0) {
			depth -= depth > 0;
			continue;
		}
		if (depth + 1 == LENGTH(levels) || !narrow(&levels[depth], name, &levels[depth + 1]))
			return false;
		if (!is_link(levels[++depth].file))
			continue;
		const char *link = levels[depth--].file;
		if (!follow(&way, link))
			return false;
		if (way.rest[0] == '/')
			depth = 0;
	}
	*found = levels[depth];
	return true;
}

void copy_merged(const struct merged *merged, const char *to, struct carried carried)
{
	struct copying copying = {.carried = carried};
	struct stat status;
	if (merged->file) {
		if (lstat(merged->file, &status) < 0)
			cannot_read(merged->file);
		copy_file(merged->file, to, &status, &copying);
		return;
	}
	if (mkdir(to, 0755) < 0)
		fail_errno(CODE, "Cannot make the directory \"%s\"", to);
	for (size_t i = merged->directories.count; i-- > 0;)
		apply_layer(merged->directories.items[i], to, carried);
}
