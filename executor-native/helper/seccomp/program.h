/* Parts that all filters have, and the way to install one. */
#ifndef TSBUILD_SECCOMP_PROGRAM_H
#define TSBUILD_SECCOMP_PROGRAM_H

#include <stdbool.h>

#include "seccomp/bpf.h"
#include "seccomp/table.h"

/* Returns the architecture whose memory the supervisor can read from its 32-bit sibling. */
bool is_native(const struct syscall_table *table);

/*
 * Begins the part of an architecture, which `next` ends; the number of the call is in the
 * accumulator.
 */
void begin_architecture(struct program *program, const struct syscall_table *table, struct label *next);

/* The call does nothing and returns 0. */
#define PRETEND (SECCOMP_RET_ERRNO | 0)

/* Keeps processes from changing the limit that says which ids they have (see supervisor/ids.h). */
void emit_keep_ids(struct program *program);

/* Returns the descriptor that the flags ask for, or 0; -1 with errno. */
int install_program(const struct program *program, unsigned flags);

/* Returns the descriptor by which the filter's questions are answered; -1 with errno. */
int install_asking(const struct program *program);

#endif
