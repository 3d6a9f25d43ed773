/* The table of calls of a step whose paths are translated. */
#ifndef TSBUILD_TRANSLATION_ANSWERS_H
#define TSBUILD_TRANSLATION_ANSWERS_H

#include "chroot/answers.h"

/* Answers the next call of a step. */
void answer_next_translated(const struct monitor *monitor, int listener);

/* Installs the filter that asks, and sends its listener over `control`. */
void install_translating_filter(const struct monitor *monitor, int control);

#endif
