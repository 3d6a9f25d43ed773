#include "supervisor/umask.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/short-path.h"

/* More than /proc/PID/status has up to its second line, `Umask`. */
#define STATUS_ROOM 4096
#define UMASK_LINE "\nUmask:"
#define USUAL_UMASK 022

mode_t umask_of(const struct call *call)
{
	char text[STATUS_ROOM];
	cleanup_fd int fd = open(short_path("%d/status", call->pid).text, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
	text[size > 0 ? size : 0] = 0;
	const char *line = strstr(text, UMASK_LINE);
	return line ? (mode_t)strtoul(line + strlen(UMASK_LINE), NULL, 8) : USUAL_UMASK;
}
