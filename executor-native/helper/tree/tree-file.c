#include "tree/tree-file.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define CODE "exec/working-root"

static void save_node(const struct node *node, FILE *file)
{
	uint64_t sizes[2] = {strlen(node->name), node->count};
	fwrite(sizes, sizeof sizes, 1, file);
	fwrite(&node->facts, sizeof node->facts, 1, file);
	fwrite(node->name, 1, sizes[0], file);
	for (size_t i = 0; i < node->count; i++)
		save_node(&node->entries[i], file);
}

void save_tree(const struct node *root, const char *path)
{
	cleanup_file FILE *file = fopen(path, "we");
	if (!file)
		fail_errno(CODE, "Cannot write \"%s\"", path);
	save_node(root, file);
	if (fflush(file) != 0 || ferror(file))
		fail_errno(CODE, "Cannot write \"%s\"", path);
}

static bool load_node(struct node *node, FILE *file)
{
	uint64_t sizes[2];
	if (fread(sizes, sizeof sizes, 1, file) != 1 || sizes[0] > NAME_MAX || sizes[1] > UINT32_MAX ||
	    fread(&node->facts, sizeof node->facts, 1, file) != 1)
		return false;
	node->name = allocate(sizes[0] + 1);
	if (fread(node->name, 1, sizes[0], file) != sizes[0])
		return false;
	node->is_placed = false;
	node->count = node->room = sizes[1];
	node->entries = sizes[1] ? allocate(sizes[1] * sizeof *node->entries) : NULL;
	for (size_t i = 0; i < node->count; i++)
		if (!load_node(&node->entries[i], file))
			return false;
	return true;
}

bool load_tree(struct node *root, const char *path)
{
	cleanup_file FILE *file = fopen(path, "re");
	return file && load_node(root, file);
}
