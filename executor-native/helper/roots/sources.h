/*
 * Directories outside the root that a step gets as its own while it runs. The first step that wants
 * one gets the directory itself. Others that want it meanwhile, in whichever process they are, get
 * a branch of it (branches.h). So nobody waits for the end of a step.
 */
#ifndef TSBUILD_ROOTS_SOURCES_H
#define TSBUILD_ROOTS_SOURCES_H

#include "roots/places.h"
#include "spec/spec.h"

/* A directory that is somebody's source. */
struct reached {
	int fd;
	bool is_here; /* at its own path, and locked by `fd`; else in the root of another step */
};

/*
 * Finds the directory of a source, at its path or where a step has it. `lock` is LOCK_EX or
 * LOCK_SH. Waits only while another step is moving the directory.
 */
struct reached reach_source(const char *source, int lock);

/* Moves a directory or file from its source to a place; its changes go back. */
void lend(struct places *places, const struct mount_spec *mount, const char *to);

/* Copies a directory from its source to a place; its changes are thrown away. */
void lend_copy(struct places *places, const char *source, const char *to);

#endif
