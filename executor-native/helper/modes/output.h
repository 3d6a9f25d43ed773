/*
 * The output of a command. It has pipes of its own, so that /dev/stdout can be opened, while the
 * caller's ends are sockets; the process outside the sandbox carries it from one to the other.
 */
#ifndef TSBUILD_MODES_OUTPUT_H
#define TSBUILD_MODES_OUTPUT_H

#include <signal.h>
#include <stdbool.h>

#include "modes/input.h"
#include "supervisor/watch.h"

struct output {
	int output, errors; /* ends that the process outside reads */
	bool has_carried;   /* the command wrote something */
	int monitor; /* descriptor of the process whose end ends the output too; 0 for none */
	struct input *input; /* NULL where nobody talks to the command */
	const volatile sig_atomic_t *stopped; /* set when the reader of the output is gone */
};

/* Makes a pipe that holds much, as fewer wake-ups are needed then. */
void make_output_pipe(int ends[2]);

/*
 * Carries the output until its end, and handles the watch. Returns false when the step needs a
 * supervisor.
 */
bool carry_all(struct output *output, struct watch *watch);

#endif
