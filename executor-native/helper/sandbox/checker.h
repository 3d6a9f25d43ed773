/*
 * Runs the health check of a command beside it, when the caller asks. The checker is made of the
 * command's process before the exec, so that both have the same rights, ids and filter.
 *
 * The caller writes one byte for each order. The checker answers with frames: a byte that says what
 * it is, two bytes of size, little-endian, and the bytes. The command has the same user as the
 * checker and may write frames, too: they mean nothing but the health of the command.
 */
#ifndef TSBUILD_SANDBOX_CHECKER_H
#define TSBUILD_SANDBOX_CHECKER_H

#include "spec/spec.h"

/* Orders. */
#define CHECK_BEGIN 'c'
#define CHECK_KILL 'k'

/* Frames: output of a check, and its exit code in one byte. */
#define CHECK_OUTPUT 'o'
#define CHECK_EXIT 'e'

/* Starts the checker, where the spec has a check. It is no child of this process. */
void start_checker(const struct spec *spec, char **env);

#endif
