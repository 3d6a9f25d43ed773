/* The program that a path of a step leads to. */
#ifndef TSBUILD_SUPERVISED_PROGRAM_H
#define TSBUILD_SUPERVISED_PROGRAM_H

#include "supervised/loader/record.h"
#include "supervised/paths.h"
#include "supervisor/ids.h"

struct program {
	struct loader_record record;
	struct set_ids ids;
	uint64_t empty;                /* an address of the caller where the empty text is */
	uint64_t arguments, variables; /* addresses of the caller */
};

/*
 * Finds the program, through the interpreters that scripts name. Returns 0, or the error of exec as
 * a negative errno.
 */
int find_program(const struct monitor *monitor, const struct call *call, struct step_path path, struct program *program);

#endif
