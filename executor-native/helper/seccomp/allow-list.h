/* The system calls that a limited step may make. */
#ifndef TSBUILD_SECCOMP_ALLOW_LIST_H
#define TSBUILD_SECCOMP_ALLOW_LIST_H

#include "seccomp/bpf.h"
#include "seccomp/table.h"

/* Decides about a call by the allow-list; its number is in the accumulator. */
void emit_allow_list(struct program *program, const struct syscall_table *table);

#endif
