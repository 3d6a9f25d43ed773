#include "roots/branches.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/short-path.h"
#include "tree/copy.h"

#define CODE "exec/mount-source"

/* Another step may exchange names in the directory: each is looked up by its own, and no links. */
#define DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* An action on a name of a directory, which another one may have too. */
typedef void each_name(int from, int to, const char *name, const struct node *began);

static void for_each_name(int from, int to, const struct node *began, each_name *act)
{
	struct dirent *entry;
	cleanup_fd int fd = openat(from, ".", DIRECTORY);
	cleanup_directory DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	if (!directory)
		return;
	take_fd(&fd); /* it is the directory's now */
	while ((entry = readdir(directory)))
		if (!is_dot(entry->d_name))
			act(from, to, entry->d_name, began);
}

/* Gives a directory the owner, mode and attributes of another. */
static void copy_look(int from, int to)
{
	struct stat status;
	cleanup_free char *from_path = format_text("%s/.", proc_path_of(from).text);
	cleanup_free char *to_path = format_text("%s/.", proc_path_of(to).text);
	if (fstat(from, &status) == 0)
		copy_metadata(from_path, to_path, &status);
}

static void link_name(int from, int to, const char *name, const struct node *began)
{
	if (linkat(from, name, to, name, 0) == 0)
		return;
	cleanup_fd int inner_from = openat(from, name, DIRECTORY);
	if (inner_from < 0 || mkdirat(to, name, 0700) < 0)
		return;
	cleanup_fd int inner_to = openat(to, name, DIRECTORY);
	for_each_name(inner_from, inner_to, began, link_name);
	copy_look(inner_from, inner_to);
}

void make_branch(int directory, const char *path, struct node *began)
{
	const struct texts nothing = {0};
	cleanup_fd int fd = mkdir(path, 0700) < 0 ? -1 : open(path, DIRECTORY);
	if (fd < 0)
		fail_errno(CODE, "Cannot make the directory \"%s\"", path);
	for_each_name(directory, fd, NULL, link_name);
	copy_look(directory, fd);
	read_tree(path, &nothing, began);
}

static bool is_same_file(const struct facts *a, const struct facts *b)
{
	return a->inode == b->inode && a->device == b->device;
}

/* Removes what a branch began with, unless it is something else by now. */
static void remove_name(int directory, const struct node *began)
{
	struct facts facts;
	if (!read_facts(directory, began->name, &facts))
		return;
	if (!S_ISDIR(began->facts.mode)) {
		if (is_same_file(&facts, &began->facts))
			unlinkat(directory, began->name, 0);
		return;
	}
	cleanup_fd int inner = openat(directory, began->name, DIRECTORY);
	for (size_t i = 0; inner >= 0 && i < began->count; i++)
		remove_name(inner, &began->entries[i]);
	unlinkat(directory, began->name, AT_REMOVEDIR);
}

static void merge(int branch, int directory, const struct node *began);

static void merge_name(int branch, int directory, const char *name, const struct node *parent)
{
	struct facts facts, other;
	const struct node *began = parent ? child_of(parent, name) : NULL;
	if (!read_facts(branch, name, &facts))
		return;
	bool is_directory = S_ISDIR(facts.mode), was_directory = began && S_ISDIR(began->facts.mode);
	if (!is_directory || !read_facts(directory, name, &other)) {
		bool is_new = is_directory ? !was_directory : !began || !is_same_file(&facts, &began->facts);
		if (is_new)
			renameat(branch, name, directory, name);
		return;
	}
	cleanup_fd int inner_branch = openat(branch, name, DIRECTORY);
	cleanup_fd int inner = openat(directory, name, DIRECTORY);
	if (inner_branch >= 0 && inner >= 0)
		merge(inner_branch, inner, was_directory ? began : NULL);
}

static void merge(int branch, int directory, const struct node *began)
{
	struct facts facts;
	if (began && read_facts(branch, ".", &facts) && !is_same_moment(facts.changed, began->facts.changed))
		copy_look(branch, directory);
	for (size_t i = 0; began && i < began->count; i++)
		if (!read_facts(branch, began->entries[i].name, &facts))
			remove_name(directory, &began->entries[i]);
	for_each_name(branch, directory, began, merge_name);
}

void merge_branch(const char *path, const struct node *began, int directory)
{
	cleanup_fd int fd = open(path, DIRECTORY);
	if (fd >= 0)
		merge(fd, directory, began);
}
