#include "modes/endings.h"

#include <string.h>
#include <sys/wait.h>

#include "modes/path-length.h"
#include "supervisor/devices.h"

static void report_killed(int status)
{
	REPORT(.name = "killed", .number_key = "signal", .number = WTERMSIG(status));
}

void report_end(const struct spec *spec, bool is_stopped, int init, int supervisor)
{
	cleanup_free char *too_long = NULL;
	if (WIFSIGNALED(supervisor))
		report_killed(supervisor);
	else if (is_stopped)
		REPORT(.name = "stopped");
	else if (WIFSIGNALED(init))
		report_killed(init);
	else if ((too_long = find_too_long(spec->upper)))
		REPORT(.name = "too-long", .key = "path", .text = too_long + strlen(spec->upper) + 1);
}

bool needs_devices(int supervisor)
{
	return WIFEXITED(supervisor) && WEXITSTATUS(supervisor) == EXIT_NEEDS_DEVICES;
}
