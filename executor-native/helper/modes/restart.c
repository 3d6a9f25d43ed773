#include "modes/restart.h"

#include <unistd.h>

#include "base/remove-tree.h"

static void empty_directory(const char *path)
{
	struct dirent *entry;
	cleanup_directory DIR *directory = opendir(path);
	if (!directory)
		fail_errno("exec/sandbox-setup", "Cannot read %s", path);
	while ((entry = readdir(directory))) {
		if (is_dot(entry->d_name))
			continue;
		cleanup_free char *name = format_text("%s/%s", path, entry->d_name);
		remove_tree(name);
	}
}

void undo_step(const struct spec *spec, const struct stat *root)
{
	remove_tree(spec->work);
	empty_directory(spec->upper);
	if (mkdir(spec->work, 0700) < 0 || chown(spec->upper, root->st_uid, root->st_gid) < 0 ||
	    chmod(spec->upper, root->st_mode & MODE_BITS) < 0)
		fail_errno("exec/sandbox-setup", "Cannot begin the step again in %s", spec->upper);
}
