#include "tree/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buffer.h"

#define FIRST_ROOM 8
#define CODE "exec/working-root"

/* Longer than the steps of the clock that file systems take their times from. */
#define CLOCK_STEP 10000000
#define SECOND 1000000000

bool is_same_moment(struct moment a, struct moment b)
{
	return a.seconds == b.seconds && a.nanoseconds == b.nanoseconds;
}

static struct moment moment_of(const struct statx_timestamp *time)
{
	return (struct moment){time->tv_sec, time->tv_nsec};
}

bool read_facts(int directory, const char *name, struct facts *facts)
{
	struct statx status;
	if (statx(directory, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_BTIME, &status) < 0)
		return false;
	*facts = (struct facts){
		.device = (uint64_t)status.stx_dev_major << 32 | status.stx_dev_minor,
		.inode = status.stx_ino,
		.size = status.stx_size,
		.mode = status.stx_mode,
		.uid = status.stx_uid,
		.gid = status.stx_gid,
		.links = status.stx_nlink,
		.modified = moment_of(&status.stx_mtime),
		.changed = moment_of(&status.stx_ctime),
	};
	if (status.stx_mask & STATX_BTIME)
		facts->born = moment_of(&status.stx_btime);
	return true;
}

static int compare_nodes(const void *a, const void *b)
{
	return strcmp(((const struct node *)a)->name, ((const struct node *)b)->name);
}

static struct node *append_node(struct node *directory, char *name)
{
	if (directory->count == directory->room) {
		directory->room = directory->room ? 2 * directory->room : FIRST_ROOM;
		directory->entries = resize(directory->entries, directory->room, sizeof *directory->entries);
	}
	struct node *node = &directory->entries[directory->count++];
	*node = (struct node){.name = name};
	return node;
}

struct node *child_of(const struct node *directory, const char *name)
{
	struct node wanted = {.name = (char *)name};
	if (!directory->count)
		return NULL;
	return bsearch(&wanted, directory->entries, directory->count, sizeof wanted, compare_nodes);
}

struct node *find_node(struct node *root, const char *path)
{
	char name[NAME_MAX + 1];
	struct node *at = root;
	while (at && *(path += strspn(path, "/"))) {
		size_t length = strcspn(path, "/");
		if (length > NAME_MAX)
			return NULL;
		memcpy(name, path, length);
		name[length] = 0;
		at = child_of(at, name);
		path += length;
	}
	return at;
}

struct node *add_child(struct node *directory, const char *name)
{
	struct node *node = child_of(directory, name);
	if (node)
		return node;
	append_node(directory, copy_text(name));
	qsort(directory->entries, directory->count, sizeof *directory->entries, compare_nodes);
	return child_of(directory, name);
}

void remove_child(struct node *directory, const char *name)
{
	struct node *node = child_of(directory, name);
	if (!node)
		return;
	size_t after = directory->count - (size_t)(node - directory->entries) - 1;
	memmove(node, node + 1, after * sizeof *node);
	directory->count--;
}

static bool is_placed(const struct texts *placed, const char *path)
{
	for (size_t i = 0; i < placed->count; i++)
		if (strcmp(placed->items[i], path) == 0)
			return true;
	return false;
}

/* The tree that is being read: `path` is that of the present directory. */
struct reading {
	const struct texts *placed;
	struct buffer path;
	size_t base; /* the length of the tree's own path */
};

static _Noreturn void cannot_read(const struct reading *reading)
{
	if (errno == ENAMETOOLONG || reading->path.cut) {
		REPORT(.name = "too-long", .key = "path", .text = reading->path.text + reading->base + 1);
		_exit(EXIT_FAILED);
	}
	fail_errno(CODE, "Cannot read \"%s\"", reading->path.text);
}

/* Goes to an entry of the present directory; returns the length to come back to. */
static size_t descend(struct reading *reading, const char *name)
{
	size_t length = reading->path.length;
	append(&reading->path, "/%s", name);
	if (reading->path.cut)
		cannot_read(reading);
	return length;
}

static void ascend(struct reading *reading, size_t length)
{
	reading->path.length = length;
	reading->path.text[length] = 0;
}

static void read_names(struct reading *reading, struct node *node)
{
	struct dirent *entry;
	cleanup_directory DIR *directory = opendir(reading->path.text);
	if (!directory)
		cannot_read(reading);
	while ((entry = readdir(directory))) {
		if (is_dot(entry->d_name))
			continue;
		struct node *child = append_node(node, copy_text(entry->d_name));
		if (!read_facts(dirfd(directory), child->name, &child->facts))
			cannot_read(reading);
	}
	if (node->count)
		qsort(node->entries, node->count, sizeof *node->entries, compare_nodes);
}

static void read_directory(struct reading *reading, struct node *node)
{
	read_names(reading, node);
	for (size_t i = 0; i < node->count; i++) {
		struct node *child = &node->entries[i];
		bool is_directory = S_ISDIR(child->facts.mode);
		if (!is_directory && !reading->placed->count)
			continue;
		size_t back = descend(reading, child->name);
		child->is_placed = is_placed(reading->placed, reading->path.text + reading->base);
		if (is_directory && !child->is_placed)
			read_directory(reading, child);
		ascend(reading, back);
	}
}

void read_tree(const char *directory, const struct texts *placed, struct node *root)
{
	cleanup_free char *room = allocate(PATH_MAX);
	struct reading reading = {.placed = placed, .path = buffer_in(room, PATH_MAX)};
	append(&reading.path, "%s", directory);
	reading.base = reading.path.length;
	*root = (struct node){.name = ""};
	if (!read_facts(AT_FDCWD, directory, &root->facts))
		cannot_read(&reading);
	read_directory(&reading, root);
}

static void find_latest(const struct node *node, struct moment *latest)
{
	const struct moment *own = &node->facts.changed;
	if (own->seconds > latest->seconds ||
	    (own->seconds == latest->seconds && own->nanoseconds > latest->nanoseconds))
		*latest = *own;
	for (size_t i = 0; i < node->count; i++)
		find_latest(&node->entries[i], latest);
}

struct moment latest_change(const struct node *root)
{
	struct moment latest = {0};
	find_latest(root, &latest);
	return latest;
}

void let_clock_pass(struct moment latest)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	int64_t passed = (now.tv_sec - latest.seconds) * SECOND + now.tv_nsec - (int64_t)latest.nanoseconds;
	/* A time far in the future is not waited for: no change gets such a time. */
	if (now.tv_sec < latest.seconds - 1 || passed >= CLOCK_STEP)
		return;
	struct timespec rest = {0, passed > 0 ? CLOCK_STEP - passed : CLOCK_STEP};
	nanosleep(&rest, NULL);
}
