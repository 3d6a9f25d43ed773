/* Everything that the answers to calls with paths depend on, beside what every monitor knows. */
#ifndef TSBUILD_SUPERVISED_TRANSLATED_H
#define TSBUILD_SUPERVISED_TRANSLATED_H

#include "chroot/answers.h"
#include "supervised/loader-image.h"
#include "ownership/looks.h"
#include "supervisor/tracee.h"
#include "supervisor/supervisor.h"

struct socket_table;

struct translated {
	struct loader loader;
	uint64_t cookie; /* sixth argument of calls of exec that this process makes (see execute.c) */
	struct supervisor supervisor;
	struct socket_table *sockets; /* made by the first one */
	uint64_t scope; /* by which abstract names of sockets are the step's own */
	struct looks *looks;
	struct ends *ends;
};

/* Returns true when a process came from the loader, as all of the step do. */
bool is_loader(const struct monitor *monitor, pid_t process);

/* Finds the program that a process is, as a path of the step; false when it cannot be known. */
bool read_program(const struct monitor *monitor, pid_t process, char path[PATH_MAX]);

#endif
