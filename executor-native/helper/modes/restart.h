/* Undoes an attempt of a step that begins again. */
#ifndef TSBUILD_MODES_RESTART_H
#define TSBUILD_MODES_RESTART_H

#include <sys/stat.h>

#include "spec/spec.h"

/*
 * Makes the directories of a step as they were before it began; `root` is the status of its root
 * then.
 */
void undo_step(const struct spec *spec, const struct stat *root);

#endif
