/*
 * The look of files to a step: their virtual owners and modes. On the disk all belong to this user,
 * who can read and write them. A file that looks otherwise has an attribute that says how, or an
 * entry in a table when it can have none.
 */
#ifndef TSBUILD_OWNERSHIP_LOOKS_H
#define TSBUILD_OWNERSHIP_LOOKS_H

#include <sys/stat.h>

#include "ownership/owner-table.h"

struct looks {
	struct owner_table table; /* of links, FIFOs and sockets */
	uid_t uid;                /* of this process, to whom everything belongs on the disk */
	gid_t gid;
	bool has_devices; /* there may be device nodes (see ownership/devices.h) */
};

void begin_looks(struct looks *looks);

/* Changes `status` to the owner and mode that the step sees; `fd` holds the file. */
void see(const struct looks *looks, int fd, struct stat *status);

/* Gives the file the owner and mode that `status` says. False with errno. */
bool make_look(struct looks *looks, int fd, const struct stat *status);

/*
 * Owners of links and FIFOs go along when these are copied: `from` has those of the originals, `to`
 * gets those of the copies.
 */
struct carried_looks {
	const struct owner_table *from;
	struct owner_table *to;
};
void carry_look(const struct carried_looks *carried, const char *from, const char *to);

/*
 * Adds the owners in the file of a directory (`DIRECTORY.owners`, see owner-notes.h) to a table,
 * and writes those of its file system. No file means that there are none.
 */
void read_table(struct owner_table *table, const char *directory);
void write_table(const struct owner_table *table, const char *directory);

/* Returns the mode on the disk of a file of this kind that looks to have this mode. */
mode_t kept_mode(mode_t mode);

#endif
