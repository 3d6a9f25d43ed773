/* tsbuild's native part: makes the user namespace of the worker, and the sandboxes in it. It has no policy: callers say everything. */
#include <string.h>

#include "modes/modes.h"
#include "base/util.h"

int main(int count, char **arguments)
{
	const char *mode = count > 1 ? arguments[1] : "";
	if (strcmp(mode, "userns") == 0)
		return mode_userns(count - 2, arguments + 2);
	if (strcmp(mode, "run") == 0)
		return mode_run();
	if (strcmp(mode, "remove") == 0)
		return mode_remove();
	if (strcmp(mode, "probe") == 0)
		return mode_probe(count - 2, arguments + 2);
	fail("exec/internal", "Usage: tsbuild-sandbox userns|run|remove|probe …");
}
