/*
 * Pseudo terminals of a step. They are the container's, handed over one by one; those of others do
 * not exist for it.
 */
#ifndef TSBUILD_ROOTS_TERMINALS_H
#define TSBUILD_ROOTS_TERMINALS_H

#include "base/util.h"

struct terminals {
	size_t count;
	struct terminal {
		unsigned number;
		int held; /* its file (O_PATH), which leads to no other terminal with the same number */
	} *items;
};

/* Returns true when terminals can be made here. */
bool has_terminals(void);

/* Returns true for the path of a ptmx, or of a terminal. */
bool is_maker(const char *path);
bool is_terminal(const char *path);

/* Notes the terminal whose other end, from ptmx, is `maker`. */
void note_terminal(struct terminals *terminals, int maker);

/* Opens a terminal of the step (O_PATH); -1 with errno for those of others. */
int hold_terminal(const struct terminals *terminals, const char *path);

#endif
