#include "modes/restart.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "modes/remove.h"

static void empty_directory(const char *path)
{
	struct dirent *entry;
	DIR *directory = opendir(path);
	while (directory && (entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		char *name = format_text("%s/%s", path, entry->d_name);
		remove_tree(name);
		free(name);
	}
	if (!directory)
		fail_errno("exec/sandbox-setup", "Cannot read %s", path);
	closedir(directory);
}

void undo_step(const struct spec *spec, const struct stat *root)
{
	remove_tree(spec->work);
	empty_directory(spec->upper);
	if (mkdir(spec->work, 0700) < 0 || chown(spec->upper, root->st_uid, root->st_gid) < 0 || chmod(spec->upper, root->st_mode & 07777) < 0)
		fail_errno("exec/sandbox-setup", "Cannot begin the step again in %s", spec->upper);
}
