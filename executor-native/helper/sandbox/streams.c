#include "sandbox/streams.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SETUP "exec/sandbox-setup"

struct terminal_ends make_command_terminal(const struct spec *spec, const char *maker)
{
	struct winsize size = {.ws_row = (unsigned short)spec->rows, .ws_col = (unsigned short)spec->columns};
	struct terminal_ends ends = {.command = -1};
	int locked = 0;
	ends.master = open(maker, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (ends.master >= 0 && ioctl(ends.master, TIOCSPTLCK, &locked) == 0)
		ends.command = ioctl(ends.master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (ends.command < 0)
		fail_errno(SETUP, "Cannot make a terminal for the command");
	ioctl(ends.command, TIOCSWINSZ, &size);
	return ends;
}

void connect_streams(const struct streams *streams)
{
	if ((streams->input >= 0 && dup2(streams->input, STDIN_FILENO) < 0) ||
	    dup2(streams->output, STDOUT_FILENO) < 0 || dup2(streams->errors, STDERR_FILENO) < 0)
		fail_errno(SETUP, "Cannot connect the command's input and output");
}

void control_terminal(const struct spec *spec)
{
	if (spec->terminal && ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0)
		fail_errno(SETUP, "Cannot give the command its terminal");
}
