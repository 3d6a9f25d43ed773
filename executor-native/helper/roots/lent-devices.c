#include "roots/lent-devices.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CODE "exec/working-root"

static bool is_device(const struct node *node) { return S_ISCHR(node->facts.mode) || S_ISBLK(node->facts.mode); }

void remove_lent_devices(const char *directory, struct node *tree)
{
	bool is_changed = false;
	for (size_t i = tree->count; i-- > 0;) {
		struct node *node = &tree->entries[i];
		if (node->is_placed || !(S_ISDIR(node->facts.mode) || is_device(node)))
			continue;
		cleanup_free char *path = format_text("%s/%s", directory, node->name);
		if (S_ISDIR(node->facts.mode)) {
			remove_lent_devices(path, node);
			continue;
		}
		if (unlink(path) < 0)
			fail_errno(CODE, "Cannot take the device \"%s\" back", path);
		remove_child(tree, node->name);
		is_changed = true;
	}
	cleanup_free char *itself = format_text("%s/.", directory);
	if (is_changed && !read_facts(AT_FDCWD, itself, &tree->facts))
		fail_errno(CODE, "Cannot read \"%s\"", directory);
}
