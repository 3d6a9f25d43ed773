/* New files of a step: whom they belong to, and how they look. */
#ifndef TSBUILD_SUPERVISED_CREATION_H
#define TSBUILD_SUPERVISED_CREATION_H

#include <sys/stat.h>

#include "supervised/translated.h"

/* Returns the mode without the bits that the caller's umask takes away. */
mode_t masked_mode(const struct call *call, mode_t mode);

/* Gives a new file in `parent` its maker as the owner, and this mode; false with errno. */
bool give_new(const struct monitor *monitor, const struct call *call, int parent, int fd, mode_t mode);

#endif
