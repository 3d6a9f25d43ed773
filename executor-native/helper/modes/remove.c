/* Mode `remove`: removes trees. */
#include <string.h>
#include <unistd.h>

#include "base/remove-tree.h"
#include "base/util.h"
#include "modes/modes.h"

int mode_remove(int count, char **arguments)
{
	size_t size;
	(void)count, (void)arguments;
	cleanup_free char *paths = read_all(STDIN_FILENO, &size, "the paths to remove");
	for (char *path = paths; path < paths + size; path += strlen(path) + 1)
		remove_tree(path);
	return 0;
}
