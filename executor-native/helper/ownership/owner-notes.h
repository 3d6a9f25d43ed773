/* What layers and mounts say of owners that are written down in them (see ownership/owners.h): a mark on their directory, and notes in a file beside it. */
#ifndef TSBUILD_OWNERSHIP_OWNER_NOTES_H
#define TSBUILD_OWNERSHIP_OWNER_NOTES_H

#include "spec/spec.h"

/* As oci/layer/model/xattrs.ts has it: on the directory of a layer or a cache mount in which owners are written down. */
#define OWNERS_MARK "user.tsbuild.owners"

/* Whether anything that the step will see has such owners. */
bool has_written_owners(const struct spec *spec);

/* Reads the notes, and opens what `mark_place_of` needs, while the host's paths are there. */
void use_owners(const struct spec *spec);

/* Lines `inode birth uid gid`: decimal, birth in nanoseconds since the epoch (0 where the file system does not know it: then of the root only). */
const struct texts *owner_notes(void);

/* Marks the layer or the mount that holds this file: who comes next must know that owners are written down there. */
void mark_place_of(const char *path, int flags);

#endif
