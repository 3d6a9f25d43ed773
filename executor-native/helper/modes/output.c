#include "modes/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/util.h"
#include "base/write.h"

#define PIPE_SIZE (1 << 20)
#define COPY_SIZE 65536

void make_output_pipe(int ends[2])
{
	make_pipe(ends);
	fcntl(ends[READ_END], F_SETPIPE_SZ, PIPE_SIZE); /* refused when the user's quota is used up */
}

/* Copies some bytes; returns how many, or -1 with errno. */
static ssize_t copy(int from, int to)
{
	char buffer[COPY_SIZE];
	ssize_t count = read(from, buffer, sizeof buffer);
	return count > 0 && !try_write_all(to, buffer, (size_t)count) ? -1 : count;
}

/* Moves the available bytes. Returns false at the end, or when the reader is gone. */
static bool carry(struct output *output, int from, int to)
{
	ssize_t count = splice(from, NULL, to, NULL, PIPE_SIZE, SPLICE_F_MOVE);
	if (count < 0 && errno == EINVAL) /* nothing can be spliced from or into a terminal */
		count = copy(from, to);
	output->has_carried = output->has_carried || count > 0;
	return count > 0 || (count < 0 && (errno == EINTR || errno == EAGAIN));
}

/* Carries one stream when poll found bytes; removes a stream that ended from poll. */
static void carry_polled(struct output *output, struct pollfd *polled, int to)
{
	if (polled->fd >= 0 && polled->revents && !*output->stopped && !carry(output, polled->fd, to))
		polled->fd = -1;
}

bool carry_all(struct output *output, struct watch *watch)
{
	enum { OUTPUT, ERRORS, WATCH, MONITOR, INPUT, COUNT = INPUT + POLLED_COUNT };
	int timeout = -1;
	struct pollfd polled[COUNT] = {
		[OUTPUT] = {.fd = output->output, .events = POLLIN},
		[ERRORS] = {.fd = output->errors, .events = POLLIN},
		[WATCH] = {.fd = watch->fd, .events = POLLIN},
		[MONITOR] = {.fd = output->monitor > 0 ? output->monitor : -1, .events = POLLIN},
	};
	struct input nobody = no_input, *input = output->input ? output->input : &nobody;
	while (!*output->stopped && (polled[OUTPUT].fd >= 0 || polled[ERRORS].fd >= 0 || polled[WATCH].fd >= 0)) {
		poll_input(input, &polled[INPUT]);
		int count = poll(polled, COUNT, timeout);
		if (count == 0 || (count < 0 && errno != EINTR))
			break;
		if (polled[MONITOR].fd >= 0 && polled[MONITOR].revents) {
			polled[MONITOR].fd = -1;
			timeout = 0; /* the processes that are left may write on, but nobody waits for it */
			continue;
		}
		attend_input(input, &polled[INPUT]);
		carry_polled(output, &polled[OUTPUT], STDOUT_FILENO);
		carry_polled(output, &polled[ERRORS], STDERR_FILENO);
		if (polled[WATCH].fd >= 0 && polled[WATCH].revents && !attend(watch, polled[WATCH].revents))
			return false;
		polled[WATCH].fd = watch->fd;
	}
	return true;
}
