#include "roots/layer-mounts.h"

#include <errno.h>
#include <sys/stat.h>

#include "ownership/owner-notes.h"
#include "tree/copied-owners.h"
#include "tree/layers.h"

#define CODE "exec/mount-source"

/* Returns true when a directory of a layer has a whiteout. */
static bool has_whiteout(const char *path)
{
	struct dirent *entry;
	struct stat status;
	cleanup_directory DIR *directory = opendir(path);
	if (!directory)
		fail_errno(CODE, "Cannot read \"%s\"", path);
	while ((entry = readdir(directory))) {
		cleanup_free char *inner = format_text("%s/%s", path, entry->d_name);
		if (is_dot(entry->d_name) || lstat(inner, &status) < 0)
			continue;
		if (S_ISDIR(status.st_mode) ? has_whiteout(inner) : is_whiteout(inner, &status))
			return true;
	}
	return false;
}

/* Returns the path in a layer that can be bound without a copy; NULL where a copy is needed. */
static char *as_it_is(const struct mount_spec *mount, const struct merged *merged)
{
	if (!mount->readonly)
		return NULL;
	if (merged->file)
		return merged->file;
	char *directory = merged->directories.items[0];
	return merged->directories.count == 1 && !has_whiteout(directory) ? directory : NULL;
}

static void copy_layers(const struct mount_spec *mount, const struct merged *merged, const char *to)
{
	cleanup_free char *notes = notes_path(to);
	struct copied_owners owners = {.path = notes};
	for (size_t i = 0; i < mount->lowers.count; i++)
		know_owners(&owners, mount->lowers.items[i]);
	copy_merged(merged, to, (struct carried){.owners = &owners});
	end_copied_owners(&owners);
}

static char *source_of(const struct mount_spec *mount, const char *copy)
{
	struct merged merged;
	if (!mount->lowers.count) {
		if (mkdir(copy, 0755) < 0)
			fail_errno(CODE, "Cannot make the directory \"%s\"", copy);
		return copy_text(copy);
	}
	if (!find_in_layers(&mount->lowers, mount->source, &merged))
		fail(CODE, "Cannot mount \"%s\" at \"%s\": there is no such file or directory in the source", mount->source,
		     mount->dest);
	char *layer = as_it_is(mount, &merged);
	if (layer)
		return layer;
	copy_layers(mount, &merged, copy);
	return copy_text(copy);
}

void replace_layer_mounts(struct spec *spec, const char *directory)
{
	for (size_t i = 0; i < spec->mount_count; i++) {
		struct mount_spec *mount = &spec->mounts[i];
		if (mount->type != MOUNT_OVERLAY)
			continue;
		cleanup_free char *copy = format_text("%s/mount%zu", directory, i);
		mount->source = source_of(mount, copy);
		mount->type = MOUNT_BIND;
	}
}
