/*
 * The input of a command that somebody talks to: bytes from the caller go to its pipe or terminal,
 * and orders of the caller change the size of the terminal or send a signal.
 */
#ifndef TSBUILD_MODES_INPUT_H
#define TSBUILD_MODES_INPUT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define INPUT_SIZE 4096

struct input {
	int from;         /* descriptor of the caller; -1 at its end, or where there is none */
	int to;           /* pipe or terminal, which never blocks; -1 for none */
	bool is_terminal;
	int orders;       /* descriptor of the caller's orders; -1 for none */
	void (*send)(int signal); /* sends a signal to the command */
	size_t start, end; /* bytes that `to` did not take yet */
	char bytes[INPUT_SIZE];
};

/* Polled descriptors of an input. */
enum { POLLED_INPUT, POLLED_ORDERS, POLLED_COUNT };

/* An input that nobody writes. */
extern const struct input no_input;

/*
 * Begins the input of a step: from the caller's descriptor to a pipe or a terminal. The end of a
 * pipe must not block.
 */
struct input begin_input(int to, bool is_terminal, void (*send)(int signal));

/* Sets the entries of poll that the input waits for. */
void poll_input(const struct input *input, struct pollfd polled[POLLED_COUNT]);

/* Carries bytes, and obeys orders. */
void attend_input(struct input *input, const struct pollfd polled[POLLED_COUNT]);

#endif
