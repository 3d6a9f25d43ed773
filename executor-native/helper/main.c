/*
 * tsbuild's native part: makes the user namespace of the worker, and the sandboxes in it. It has no
 * policy, which comes from the caller. README.md lists the roles of the processes.
 */
#include <string.h>

#include "base/util.h"
#include "modes/modes.h"

static const struct {
	const char *name;
	int (*run)(int count, char **arguments);
} modes[] = {{"userns", mode_userns}, {"plain", mode_plain},   {"run", mode_run},
             {"chroot", mode_chroot}, {"remove", mode_remove}, {"probe", mode_probe},
             {"emulate", mode_emulate}, {"runs", mode_runs},     {"network", mode_network},
             {"publish", mode_publish},
             {"proxy", mode_proxy}};

int main(int count, char **arguments)
{
	for (size_t i = 0; count > 1 && i < LENGTH(modes); i++)
		if (strcmp(modes[i].name, arguments[1]) == 0)
			return modes[i].run(count - 2, arguments + 2);
	fail("exec/internal", "Usage: tsbuild-sandbox userns|plain|run|chroot|remove|probe|emulate|runs|network|publish|proxy …");
}
