/* The end of places: files that lay in the root return to their sources. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/remove-tree.h"
#include "base/short-path.h"
#include "roots/branches.h"
#include "roots/places.h"
#include "roots/sources.h"
#include "tree/copy.h"

/* Brings what a step has changed in a branch to where the source is now. */
static void give_changes_back(const struct placed *place, const char *content)
{
	cleanup_fd int source = reach_source(place->source, LOCK_SH).fd;
	merge_branch(content, place->began, source);
	remove_tree(content);
}

/* Gives the content of a place back to its source. */
static void give_back(const struct placed *place, const char *content)
{
	struct copying copying = {0};
	struct stat status;
	if (lstat(content, &status) < 0)
		return; /* the step removed the place itself; an empty source stays */
	remove_tree(place->source);
	if (!place->is_copy && rename(content, place->source) == 0) {
		place->lent->is_out = false;
		close(place->lock);
		return;
	}
	if (S_ISDIR(status.st_mode))
		copy_tree(content, place->source, &copying);
	else
		copy_file(content, place->source, &status, &copying);
	remove_tree(content);
}

static void empty_place(const struct placed *place)
{
	cleanup_free char *content = format_text("%s/%s", proc_path_of(place->parent.fd).text, place->name);
	if (place->began)
		give_changes_back(place, content);
	else if (place->source)
		give_back(place, content);
	else
		remove_tree(content);
	if (place->aside && renameat(AT_FDCWD, place->aside, place->parent.fd, place->name) < 0)
		fail_errno(PLACES_CODE, "Cannot put back what was at \"%s\"", place->path);
}

/* Corrects the tree's entry of a place, and that of the directory it is in. */
static void correct(const struct places *places, struct node *tree, const struct placed *place)
{
	cleanup_free char *path = copy_text(place->path);
	const struct node *before = find_node(places->tree, place->path);
	*strrchr(path, '/') = 0;
	struct node *parent = find_node(tree, path);
	if (!parent)
		return;
	if (place->aside && before) {
		struct node *node = add_child(parent, place->name);
		*node = *before;
		node->is_placed = false;
		read_facts(place->parent.fd, place->name, &node->facts);
	} else {
		remove_child(parent, place->name);
	}
	cleanup_free char *directory = format_text("%s%s/.", places->root_path, path);
	read_facts(AT_FDCWD, directory, &parent->facts);
}

/* Removes the directories that were made on the way, unless the step put something there. */
static void remove_stubs(const struct places *places, struct node *tree)
{
	for (size_t i = places->stub_count; i-- > 0;) {
		const struct stub_directory *stub = &places->stubs[i];
		cleanup_free char *path = copy_text(stub->path);
		char *slash = strrchr(path, '/');
		if (unlinkat(stub->parent, slash + 1, AT_REMOVEDIR) < 0)
			continue;
		*slash = 0;
		struct node *parent = find_node(tree, path);
		if (parent)
			remove_child(parent, slash + 1);
	}
}

void take_away(struct places *places, struct node *tree)
{
	for (size_t i = 0; i < places->count; i++)
		places->items[i].parent = keep_times(places->items[i].parent.fd);
	for (size_t i = places->count; i-- > 0;)
		empty_place(&places->items[i]);
	for (size_t i = places->count; i-- > 0;)
		restore_times(&places->items[i].parent);
	if (!tree)
		return;
	remove_stubs(places, tree);
	for (size_t i = 0; i < places->count; i++)
		correct(places, tree, &places->items[i]);
}
