#include "modes/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "modes/runner.h"

/* End of the input on a terminal: ctrl-d. */
#define END_OF_INPUT '\004'

/* An order of the caller, as worker/interaction.ts writes it. */
struct order {
	uint16_t kind, first, second, unused;
};
enum { ORDER_RESIZE = 1, ORDER_SIGNAL = 2 };

const struct input no_input = {.from = -1, .to = -1, .orders = -1};

struct input begin_input(int to, bool is_terminal, void (*send)(int signal))
{
	fcntl(to, F_SETFL, O_NONBLOCK);
	return (struct input){
		.from = STDIN_FILENO, .to = to, .is_terminal = is_terminal, .orders = ORDERS_FD, .send = send};
}

static bool has_bytes(const struct input *input) { return input->start < input->end; }

void poll_input(const struct input *input, struct pollfd polled[POLLED_COUNT])
{
	polled[POLLED_INPUT] = has_bytes(input) ? (struct pollfd){.fd = input->to, .events = POLLOUT}
	                                        : (struct pollfd){.fd = input->from, .events = POLLIN};
	polled[POLLED_ORDERS] = (struct pollfd){.fd = input->orders, .events = POLLIN};
}

/* Ends the command's input: a terminal gets ctrl-d, a pipe is closed. */
static void end_input(struct input *input)
{
	input->from = -1;
	if (input->is_terminal) {
		input->bytes[0] = END_OF_INPUT;
		input->start = 0;
		input->end = 1;
	} else if (input->to >= 0) {
		close(input->to);
		input->to = -1;
	}
}

static void read_bytes(struct input *input)
{
	ssize_t count = read(input->from, input->bytes, sizeof input->bytes);
	if (count > 0) {
		input->start = 0;
		input->end = (size_t)count;
	} else if (count == 0 || errno != EINTR) {
		end_input(input);
	}
}

/* Writes as many bytes as the command takes. A command that closed its input gets nothing more. */
static void write_bytes(struct input *input)
{
	ssize_t count = write(input->to, input->bytes + input->start, input->end - input->start);
	if (count >= 0)
		input->start += (size_t)count;
	else if (errno != EINTR && errno != EAGAIN)
		*input = (struct input){.from = -1, .to = input->to, .orders = input->orders, .send = input->send};
}

static void obey(struct input *input)
{
	struct order order;
	if (read(input->orders, &order, sizeof order) != sizeof order) {
		input->orders = -1;
		return;
	}
	if (order.kind == ORDER_SIGNAL)
		input->send(order.first);
	if (order.kind == ORDER_RESIZE && input->is_terminal) {
		struct winsize size = {.ws_row = order.first, .ws_col = order.second};
		ioctl(input->to, TIOCSWINSZ, &size);
	}
}

void attend_input(struct input *input, const struct pollfd polled[POLLED_COUNT])
{
	if (polled[POLLED_ORDERS].revents)
		obey(input);
	if (!polled[POLLED_INPUT].revents)
		return;
	if (has_bytes(input))
		write_bytes(input);
	else
		read_bytes(input);
}
