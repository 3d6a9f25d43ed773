#include "roots/working-root.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/remove-tree.h"
#include "base/walk.h"
#include "mounts/stubs.h"
#include "ownership/devices.h"
#include "ownership/owner-notes.h"
#include "roots/kept.h"
#include "roots/lent-devices.h"
#include "roots/new-root.h"
#include "tree/changes.h"
#include "tree/copied-owners.h"
#include "tree/layers.h"
#include "tree/tree-file.h"

#define CODE "exec/working-root"

/* Puts the layers into the root that it does not have yet. */
static void apply_layers(const struct working_root *root, struct looks *all)
{
	const struct spec *spec = root->spec;
	cleanup_free char *notes = notes_path(root->path);
	struct copied_owners owners = {.path = notes};
	if (spec->working_has == 0) {
		remove_tree(root->path);
		remove_tree(notes);
		make_new_root(spec->working, root->path);
	}
	struct owner_table *looks = all ? &all->table : NULL;
	if (looks && spec->working_has)
		read_table(looks, root->path);
	for (size_t i = spec->working_has; i < spec->lowers.count; i++) {
		const char *layer = spec->lowers.items[i];
		if (looks) {
			read_table(looks, layer);
			apply_layer(layer, root->path, (struct carried){.looks = &(struct carried_looks){looks, looks}});
		} else {
			know_owners(&owners, layer);
			apply_layer(layer, root->path, (struct carried){.owners = &owners});
		}
	}
	end_copied_owners(&owners);
	removexattr(root->path, OWNERS_MARK); /* a step that gives a file away sets it again */
	removexattr(root->path, DEVICES_MARK); /* and so does one that makes a device */
}

/* Returns true when the root has all layers of the step already. */
static bool has_all_layers(const struct spec *spec)
{
	return spec->working_has && spec->working_has == spec->lowers.count;
}

/* Reads the tree as it is before the step, unless it is known from the step before. */
static void read_before(struct working_root *root)
{
	const struct texts nothing = {0};
	bool is_known = has_all_layers(root->spec) && load_tree(&root->before, root->index);
	if (!is_known)
		read_tree(root->path, &nothing, &root->before);
	unlink(root->index);
	root->knows_before = true;
	let_clock_pass(latest_change(&root->before));
}

/* Reads the tree that a root with kept places has. */
static void know_before(struct working_root *root)
{
	if (root->knows_before)
		return;
	if (!load_tree(&root->before, root->index))
		fail_errno(CODE, "Cannot read \"%s\"", root->index);
	for (size_t i = 0; i < root->places.count; i++) {
		struct node *node = find_node(&root->before, root->places.items[i].path);
		if (!node)
			fail(CODE, "Cannot use \"%s\": it is not whole", root->index);
		node->is_placed = true;
	}
	root->knows_before = true;
}

static void take_kept_away(struct working_root *root)
{
	know_before(root);
	take_away(&root->places, &root->before);
	save_tree(&root->before, root->index);
	unlink(root->kept);
}

static void open_places(struct working_root *root, struct lent *lent, struct looks *looks)
{
	root->places = (struct places){
		.root_path = root->path,
		.stage = root->stage,
		.root = open(root->path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
		.tree = &root->before,
		.lent = lent,
		.looks = looks,
	};
	if (root->places.root < 0)
		fail_errno(CODE, "Cannot open \"%s\"", root->path);
}

void close_root(struct working_root *root)
{
	const struct places *places = &root->places;
	close(places->root);
	for (size_t i = 0; i < places->count; i++)
		close(places->items[i].parent.fd);
	for (size_t i = 0; i < places->stub_count; i++)
		close(places->stubs[i].parent);
}

/*
 * Goes on with the places that the step before left in the root, or takes them away where this one
 * needs others.
 */
static void use_kept(struct working_root *root, struct lent *lent, struct looks *looks)
{
	struct kept kept;
	const struct spec *spec = root->spec;
	if (!spec->working_has)
		return;
	open_places(root, lent, looks);
	if (load_kept(&root->places, &kept, root->kept)) {
		bool fits = has_all_layers(spec) && strcmp(kept.hosts, spec->hosts) == 0 &&
		            strcmp(kept.resolv_conf, spec->resolv_conf) == 0;
		root->has_standard = fits;
		if (fits)
			let_clock_pass(kept.latest);
		else
			take_kept_away(root);
	}
	if (!root->has_standard)
		close_root(root);
}

/* Makes a root that has the files of the layers and nothing else. */
static void make_root(struct working_root *root, const struct stat *upper, struct lent *lent, struct looks *looks)
{
	remove_tree(root->stage);
	if (mkdir(root->stage, 0700) < 0)
		fail_errno(CODE, "Cannot use \"%s\" for the root of the step", root->spec->working);
	apply_layers(root, looks);
	read_before(root);
	copy_metadata(root->spec->upper, root->path, upper);
	open_places(root, lent, looks);
}

void prepare_root(struct working_root *root, const struct spec *spec, struct lent *lent, struct looks *looks)
{
	struct stat upper;
	*root = (struct working_root){
		.spec = spec,
		.path = working_root_path(spec),
		.index = format_text("%s/index", spec->working),
		.stage = format_text("%s/stage", spec->working),
		.kept = format_text("%s/kept", spec->working),
	};
	if (lstat(spec->upper, &upper) < 0)
		fail_errno(CODE, "Cannot use \"%s\" for the root of the step", spec->working);
	use_kept(root, lent, looks);
	if (!root->has_standard)
		make_root(root, &upper, lent, looks);
	else if (looks)
		read_table(&looks->table, root->path);
	if (root->has_standard && spec->mount_count)
		know_before(root);
}

static bool is_there(const struct working_root *root, const char *path)
{
	cleanup_walk struct walk at = NO_WALK;
	return walk(&at, root->places.root, path, WALK_FIND) && walk_fd(&at) >= 0;
}

static void make_mount_point(struct working_root *root, const struct stub *stub)
{
	cleanup_free char *path = make_place(&root->places, stub->path, !stub->file);
	if ((stub->file ? mknod(path, S_IFREG | 0644, 0) : mkdir(path, 0755)) < 0)
		fail_errno("exec/mount-point", "Cannot make the mount point \"%s\"", stub->path);
}

void make_mount_points(struct working_root *root)
{
	struct stubs stubs;
	find_stubs(&stubs, root->spec, root->places.root);
	for (size_t i = 0; i < stubs.count; i++)
		if (!is_there(root, stubs.items[i].path)) /* an earlier mount point may have made it */
			make_mount_point(root, &stubs.items[i]);
	restore_parents(&root->places);
}

static void pass_mark_on(const struct working_root *root, const char *mark)
{
	if (getxattr(root->path, mark, NULL, 0) >= 0 && setxattr(root->spec->upper, mark, "1", 1, 0) < 0)
		fail_errno("exec/owners", "Cannot mark \"%s\"", root->spec->upper);
}

/*
 * Marks the upper directory when the step gave files to users that the file system does not know,
 * or made devices.
 */
static void pass_marks_on(const struct working_root *root)
{
	pass_mark_on(root, OWNERS_MARK);
	pass_mark_on(root, DEVICES_MARK);
}

void keep_changes(struct working_root *root)
{
	const struct spec *spec = root->spec;
	struct node after;
	struct copied_owners owners = {.path = spec->owners};
	struct owner_table upper = {0};
	struct owner_table *looks = root->places.looks ? &root->places.looks->table : NULL;
	const struct carried_looks carried = {looks, &upper};
	struct changes changes = {.tree = root->path, .upper = spec->upper, .lowers = &spec->lowers};
	if (spec->owners)
		know_owners(&owners, root->path);
	know_before(root);
	changes.carried = looks ? (struct carried){.looks = &carried} : (struct carried){.owners = &owners};
	read_tree(root->path, &root->places.paths, &after);
	remove_lent_devices(root->path, &after);
	write_changes(&changes, &root->before, &after);
	end_copied_owners(&owners);
	pass_marks_on(root);
	take_away(&root->places, &after);
	save_tree(&after, root->index);
	unlink(root->kept);
	if (!looks)
		return;
	write_table(&upper, spec->upper);
	write_table(looks, root->path);
}

void keep_failed(struct working_root *root)
{
	REPORT(.name = "keeping");
	keep_changes(root);
	REPORT(.name = "kept");
}

void keep_unchanged(struct working_root *root)
{
	const struct spec *spec = root->spec;
	if (root->has_standard && !spec->mount_count)
		return;
	if (spec->mount_count) {
		take_kept_away(root);
	} else {
		const struct kept kept = {latest_change(&root->before), spec->hosts, spec->resolv_conf};
		save_tree(&root->before, root->index);
		save_kept(&root->places, &kept, root->kept);
	}
	if (root->places.looks)
		write_table(&root->places.looks->table, root->path);
}
