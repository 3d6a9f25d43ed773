#include "roots/terminals.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/short-path.h"

#define MAKER "/dev/ptmx"
#define TERMINALS "/dev/pts/"

bool has_terminals(void)
{
	unsigned number;
	cleanup_fd int maker = open(MAKER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return maker >= 0 && ioctl(maker, TIOCGPTN, &number) == 0 &&
	       access(short_path(TERMINALS "%u", number).text, F_OK) == 0;
}

bool is_maker(const char *path) { return strcmp(path, MAKER) == 0 || strcmp(path, TERMINALS "ptmx") == 0; }

static bool read_number(const char *path, uint64_t *number)
{
	return strncmp(path, TERMINALS, strlen(TERMINALS)) == 0 && parse_number(path + strlen(TERMINALS), UINT32_MAX, number);
}

bool is_terminal(const char *path)
{
	uint64_t number;
	return read_number(path, &number);
}

void note_terminal(struct terminals *terminals, int maker)
{
	struct terminal made;
	if (ioctl(maker, TIOCGPTN, &made.number) < 0)
		return;
	made.held = open(short_path(TERMINALS "%u", made.number).text, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (made.held < 0)
		return;
	for (size_t i = 0; i < terminals->count; i++) {
		struct terminal *earlier = &terminals->items[i];
		if (earlier->number != made.number)
			continue;
		close(earlier->held);
		*earlier = made;
		return;
	}
	terminals->items = resize(terminals->items, terminals->count + 1, sizeof made);
	terminals->items[terminals->count++] = made;
}

int hold_terminal(const struct terminals *terminals, const char *path)
{
	uint64_t number;
	for (size_t i = 0; read_number(path, &number) && i < terminals->count; i++)
		if (terminals->items[i].number == number)
			return fcntl(terminals->items[i].held, F_DUPFD_CLOEXEC, 0);
	errno = ENOENT;
	return -1;
}
