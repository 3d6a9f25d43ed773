/*
 * Directories outside the root that a step gets as its own while it runs. One step at a time has
 * such a directory: others that want it wait, in whichever process they are.
 */
#ifndef TSBUILD_ROOTS_SOURCES_H
#define TSBUILD_ROOTS_SOURCES_H

#include "roots/places.h"
#include "spec/spec.h"

/* Waits for the directories of all bind mounts of a step, and keeps them for this process. */
void lock_sources(const struct spec *spec);

/* Returns the path where a source is now: its own, or a place that it is lent to. */
char *find_source(const struct places *places, const char *source);

/* Moves a directory or file from its source to a place; its changes go back. */
void lend(struct places *places, const struct mount_spec *mount, const char *to);

#endif
