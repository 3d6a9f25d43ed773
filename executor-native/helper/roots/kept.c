#include "roots/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/walk.h"

#define CODE "exec/working-root"

/* Longer than any text that is written here. */
#define MAX_TEXT (1 << 24)

/* The beginning of the file; texts follow, each after its length. */
struct head {
	struct moment latest;
	uint64_t count, stub_count;
	bool lends_devices, lends_terminals;
};

static void save_text(FILE *file, const char *text)
{
	uint64_t length = strlen(text);
	fwrite(&length, sizeof length, 1, file);
	fwrite(text, 1, length, file);
}

void save_kept(const struct places *places, const struct kept *kept, const char *path)
{
	cleanup_file FILE *file = fopen(path, "we");
	struct head head;
	memset(&head, 0, sizeof head);
	head.latest = kept->latest;
	head.count = places->count;
	head.stub_count = places->stub_count;
	head.lends_devices = places->lends_devices;
	head.lends_terminals = places->lends_terminals;
	if (!file)
		fail_errno(CODE, "Cannot write \"%s\"", path);
	fwrite(&head, sizeof head, 1, file);
	save_text(file, kept->hosts);
	save_text(file, kept->resolv_conf);
	for (size_t i = 0; i < places->count; i++) {
		save_text(file, places->items[i].path);
		save_text(file, places->items[i].aside ? places->items[i].aside : "");
	}
	for (size_t i = 0; i < places->stub_count; i++)
		save_text(file, places->stubs[i].path);
	if (fflush(file) != 0 || ferror(file))
		fail_errno(CODE, "Cannot write \"%s\"", path);
}

static void load(FILE *file, const char *path, void *to, size_t size)
{
	if (size && fread(to, size, 1, file) != 1)
		fail(CODE, "Cannot use \"%s\": it is not whole", path);
}

static char *load_text(FILE *file, const char *path)
{
	uint64_t length;
	load(file, path, &length, sizeof length);
	if (length > MAX_TEXT)
		fail(CODE, "Cannot use \"%s\": it is not whole", path);
	char *text = allocate(length + 1);
	load(file, path, text, length);
	text[length] = 0;
	return text;
}

/*
 * Opens the directory that a path of the root is in. Note that it is walked to, because a process
 * of another step may hold one of these directories and exchange it.
 */
static int hold_parent(const struct places *places, const char *path)
{
	cleanup_walk struct walk at = NO_WALK;
	cleanup_free char *parent = copy_text(path);
	*strrchr(parent, '/') = 0;
	if (!walk(&at, places->root, parent, WALK_FIND) || walk_fd(&at) < 0 || strcmp(at.real, parent) != 0)
		fail(PLACES_CODE, "Cannot find \"%s\" in the root of the step again", path);
	return fcntl(walk_fd(&at), F_DUPFD_CLOEXEC, 0);
}

static void load_place(struct places *places, FILE *file, const char *path)
{
	struct placed *place = &places->items[places->count++];
	*place = (struct placed){.path = load_text(file, path)};
	cleanup_free char *aside = load_text(file, path);
	place->aside = *aside ? copy_text(aside) : NULL;
	place->name = strrchr(place->path, '/') + 1;
	place->parent = keep_times(hold_parent(places, place->path));
	append_text(&places->paths, copy_text(place->path));
}

bool load_kept(struct places *places, struct kept *kept, const char *path)
{
	struct head head;
	cleanup_file FILE *file = fopen(path, "re");
	if (!file)
		return false;
	load(file, path, &head, sizeof head);
	kept->latest = head.latest;
	kept->hosts = load_text(file, path);
	kept->resolv_conf = load_text(file, path);
	places->lends_devices = head.lends_devices;
	places->lends_terminals = head.lends_terminals;
	places->items = resize(NULL, head.count, sizeof *places->items);
	for (uint64_t i = 0; i < head.count; i++)
		load_place(places, file, path);
	places->stubs = resize(NULL, head.stub_count + 1, sizeof *places->stubs);
	for (uint64_t i = 0; i < head.stub_count; i++) {
		char *stub = load_text(file, path);
		places->stubs[places->stub_count++] = (struct stub_directory){hold_parent(places, stub), stub};
	}
	return true;
}
