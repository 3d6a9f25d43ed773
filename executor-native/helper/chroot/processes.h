/*
 * The processes of a step, which no namespace keeps together. They are all that descend from the
 * monitor: a process whose parent ends becomes the monitor's own child.
 */
#ifndef TSBUILD_CHROOT_PROCESSES_H
#define TSBUILD_CHROOT_PROCESSES_H

#include "base/util.h"

/* Makes this process the parent of every descendant whose own parent ends. */
void adopt_orphans(void);

/* Returns true when a process, or the one that a thread is of, descends from another. */
bool is_below(pid_t pid, pid_t top);

/*
 * Returns true when all processes of a group descend from `top`; an empty group has none that does.
 */
bool is_group_below(pid_t group, pid_t top);

/* Kills every descendant of this process, and waits until they are gone. */
void end_descendants(void);

/* Sends a signal to every descendant of `top` but one; returns how many there are. */
size_t signal_below(pid_t top, pid_t except, int number);

#endif
