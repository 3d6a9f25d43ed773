/* Copies of files with all that layers keep of them. */
#ifndef TSBUILD_TREE_COPY_H
#define TSBUILD_TREE_COPY_H

#include <dirent.h>
#include <sys/stat.h>

#include "base/util.h"
#include "ownership/looks.h"
#include "tree/copied-owners.h"

/* Places of the first copies of files with several names: a hash table. */
struct copied_links {
	size_t count, room;
	struct copied_link {
		dev_t device;
		ino_t inode;
		char *path;
	} *items;
};

/* Facts that files cannot carry themselves, in one of two forms; NULL where they do. */
struct carried {
	struct copied_owners *owners;
	const struct carried_looks *looks;
};

/* The memory of one copying of many files. It begins as all zeros. */
struct copying {
	struct copied_links links;
	bool clones_nothing; /* the file system has refused to share the bytes of a file */
	struct carried carried;
};

/* The attribute by which layers say that a directory hides what is below. */
#define OPAQUE_ATTRIBUTE "user.overlay.opaque"

/*
 * Copies what is no directory; its other names become links of the first copy. Devices are left
 * out, as a step gets none of an image; sockets are made without anybody behind them.
 */
void copy_file(const char *from, const char *to, const struct stat *status, struct copying *copying);

/* Gives a file the owner, mode and attributes of another; overlayfs's own attributes stay. */
void copy_metadata(const char *from, const char *to, const struct stat *status);

void copy_times(const char *to, const struct stat *status);

/* Brings one entry of a directory to another place. */
typedef void bring_entry(const char *from, const char *to, struct copying *copying);

/* Brings every entry of an open directory to another, which then gets its metadata and times. */
void fill_directory(DIR *directory, const char *from, const char *to, struct copying *copying, bring_entry *bring);

/* Copies a directory with everything below it. */
void copy_tree(const char *from, const char *to, struct copying *copying);

/* Notes that a file is deleted, in the form that needs no device. */
void make_whiteout(const char *path);

/* Returns true when this says that a file is deleted, or a directory hides what is below. */
bool is_whiteout(const char *path, const struct stat *status);
bool is_opaque(const char *path);

#endif
