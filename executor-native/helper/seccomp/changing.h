/*
 * Calls that may change files of a step. A step that makes none of them leaves its root as it was:
 * everything else that changes a file takes a descriptor that was opened for writing.
 */
#ifndef TSBUILD_SECCOMP_CHANGING_H
#define TSBUILD_SECCOMP_CHANGING_H

#include <linux/seccomp.h>

#include "seccomp/program.h"

/*
 * The bit of ioctl's commands that those of file systems have which make trees (btrfs), and those
 * of terminals and ordinary files lack.
 */
#define TREE_COMMANDS 0x8000

/*
 * Returns true for a call that may change a file. Note that only its number and its arguments
 * count, because the caller's other threads can change what these point to.
 */
bool may_change(const struct seccomp_data *call);

/*
 * Emits questions about all calls that may change a file; the number of the call is in the
 * accumulator.
 */
void ask_about_changes(struct program *program, const struct syscall_table *table);

#endif
