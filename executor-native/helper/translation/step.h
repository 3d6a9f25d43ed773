/* A step whose paths are translated: what its monitor does besides keeping it. */
#ifndef TSBUILD_TRANSLATION_STEP_H
#define TSBUILD_TRANSLATION_STEP_H

#include "chroot/monitor.h"

/* By translation of paths, which takes no privilege. */
extern const struct way_to_keep by_translation;

#endif
