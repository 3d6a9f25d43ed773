/* The command of a step on its way into the root. */
#ifndef TSBUILD_CHROOT_ENTER_H
#define TSBUILD_CHROOT_ENTER_H

#include "chroot/answers.h"
#include "chroot/monitor.h"

/* Makes a directory the root, goes to the working directory, and becomes the command. */
_Noreturn void enter_and_run(const struct monitor *monitor, const struct step_output *output, int control);

#endif
