/* The standard streams of a command: pipes, /dev/null, or a terminal of its own. */
#ifndef TSBUILD_SANDBOX_STREAMS_H
#define TSBUILD_SANDBOX_STREAMS_H

#include "spec/spec.h"

/* Descriptors of a command's streams. */
struct streams {
	int input; /* -1 for /dev/null */
	int output, errors;
};

/* The ends of a terminal. */
struct terminal_ends {
	int master; /* reads what the command writes */
	int command;
};

/*
 * Makes a terminal in the size of the spec, by the file of the device that makes them. It is not
 * waited for whatever is there.
 */
struct terminal_ends make_command_terminal(const struct spec *spec, const char *maker);

/* Makes the descriptors the standard streams of this process. */
void connect_streams(const struct streams *streams);

/* Makes the standard input the terminal of this process's session, where the spec wants one. */
void control_terminal(const struct spec *spec);

#endif
