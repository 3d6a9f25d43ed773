/*
 * The /proc of the processes outside, for sandboxes whose own is refused: the kernel gives no fresh
 * one where parts of the present one are covered, as containers have them.
 */
#ifndef TSBUILD_MOUNTS_OUTER_PROC_H
#define TSBUILD_MOUNTS_OUTER_PROC_H

#include <stdbool.h>

/* Tries a fresh /proc in a pid namespace of its own; false with errno where the kernel refuses. */
bool can_mount_proc(void);

/*
 * Returns a detached copy of the /proc outside, with everything that covers parts of it. A command
 * that sees it needs a user namespace of its own: among processes of one user, the kernel decides
 * by the user namespace who may see memory, files and root of another.
 */
int copy_outer_proc(void);

/*
 * Makes the outer /proc read-only in the mount namespace of the command, because any process of the
 * same user may write to files such as oom_score_adj.
 */
void protect_outer_proc(void);

#endif
