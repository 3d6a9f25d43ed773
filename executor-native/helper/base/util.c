#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/write.h"

#define FIRST_READ 65536

static _Noreturn void no_memory(void) { fail_errno("exec/sandbox-setup", "Cannot allocate memory"); }

void *allocate(size_t size)
{
	void *memory = calloc(1, size ? size : 1);
	if (!memory)
		fail_errno("exec/sandbox-setup", "Cannot allocate %zu bytes", size);
	return memory;
}

void *resize(void *array, size_t count, size_t size)
{
	void *memory = reallocarray(array, count, size);
	if (!memory)
		no_memory();
	return memory;
}

char *copy_text(const char *text)
{
	char *copy = strdup(text);
	if (!copy)
		no_memory();
	return copy;
}

char *format_text(const char *format, ...)
{
	va_list arguments;
	char *text = NULL;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		fail_errno("exec/sandbox-setup", "Cannot format a text");
	va_end(arguments);
	return text;
}

void append_text(struct texts *list, char *text)
{
	bool is_full = (list->count & (list->count - 1)) == 0; /* the array doubles at powers of two */
	if (is_full)
		list->items = resize(list->items, list->count ? list->count * 2 : 1, sizeof *list->items);
	list->items[list->count++] = text;
}

char *read_all(int fd, size_t *size, const char *what)
{
	size_t room = FIRST_READ, used = 0;
	char *data = allocate(room);
	for (;;) {
		if (used + 1 == room)
			data = resize(data, room *= 2, 1);
		ssize_t count = read(fd, data + used, room - used - 1);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			fail_errno("exec/sandbox-setup", "Cannot read %s", what);
		if (count == 0)
			break;
		used += (size_t)count;
	}
	data[used] = 0;
	*size = used;
	return data;
}

void write_all(int fd, const char *data, size_t size, const char *what)
{
	if (!try_write_all(fd, data, size))
		fail_errno("exec/sandbox-setup", "Cannot write %s", what);
}

bool parse_number(const char *text, uint64_t max, uint64_t *value)
{
	char *end;
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	unsigned long long number = strtoull(text, &end, 10);
	if (*end || errno || number > max)
		return false;
	*value = number;
	return true;
}

void make_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC) < 0)
		fail_errno("exec/sandbox-setup", "Cannot make a pipe");
}

bool is_dot(const char *name) { return strcmp(name, ".") == 0 || strcmp(name, "..") == 0; }

int64_t milliseconds(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

int wait_end(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}
