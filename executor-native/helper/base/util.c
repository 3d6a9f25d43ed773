#include "base/util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int status_fd = 2;

/* JSON strings are bytes here: what is not ASCII passes through, and the reader decodes UTF-8 leniently. */
static size_t append_json(char *out, size_t room, const char *text)
{
	size_t used = 0;
	for (const unsigned char *at = (const unsigned char *)text; *at && used + 8 < room; at++) {
		if (*at == '"' || *at == '\\')
			used += (size_t)snprintf(out + used, room - used, "\\%c", *at);
		else if (*at < 0x20)
			used += (size_t)snprintf(out + used, room - used, "\\u%04x", *at);
		else
			out[used++] = (char)*at;
	}
	out[used] = 0;
	return used;
}

static void status_write(char *line, size_t used)
{
	line[used++] = '\n';
	for (size_t done = 0; done < used;) {
		ssize_t count = write(status_fd, line + done, used - done);
		if (count < 0 && errno != EINTR)
			return; /* Nobody reads any more: the caller is gone, and so will we be. */
		if (count > 0)
			done += (size_t)count;
	}
}

void status_line(const char *name, const char *key, const char *text, const char *number_key, long number)
{
	char line[8192];
	size_t used = (size_t)snprintf(line, sizeof line, "{\"status\":\"%s\"", name);
	if (text) {
		used += (size_t)snprintf(line + used, sizeof line - used, ",\"%s\":\"", key);
		used += append_json(line + used, sizeof line - used - 128, text);
		line[used++] = '"';
	}
	if (number_key && number >= 0)
		used += (size_t)snprintf(line + used, sizeof line - used, ",\"%s\":%ld", number_key, number);
	line[used++] = '}';
	status_write(line, used);
}

static _Noreturn void fail_with(const char *code, int error, const char *format, va_list arguments)
{
	char message[4096], line[8192];
	size_t length = (size_t)vsnprintf(message, sizeof message - 256, format, arguments);
	if (length > sizeof message - 257)
		length = sizeof message - 257;
	if (error)
		snprintf(message + length, sizeof message - length, ": %s", strerror(error));
	size_t used = (size_t)snprintf(line, sizeof line, "{\"status\":\"error\",\"code\":\"%s\",\"message\":\"", code);
	used += append_json(line + used, sizeof line - used - 64, message);
	used += (size_t)snprintf(line + used, sizeof line - used, "\",\"errno\":%d}", error);
	status_write(line, used);
	_exit(EXIT_FAILED);
}

void fail(const char *code, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fail_with(code, 0, format, arguments);
}

void fail_errno(const char *code, const char *format, ...)
{
	int error = errno;
	va_list arguments;
	va_start(arguments, format);
	fail_with(code, error, format, arguments);
}

void *allocate(size_t size)
{
	void *memory = calloc(1, size ? size : 1);
	if (!memory)
		fail_errno("exec/sandbox-setup", "Cannot allocate %zu bytes", size);
	return memory;
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

char *read_all(int fd, size_t *size, const char *what)
{
	size_t room = 65536, used = 0;
	char *data = allocate(room);
	for (;;) {
		if (used + 1 == room) {
			room *= 2;
			data = realloc(data, room);
			if (!data)
				fail_errno("exec/sandbox-setup", "Cannot read %s", what);
		}
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
	for (size_t done = 0; done < size;) {
		ssize_t count = write(fd, data + done, size - done);
		if (count < 0 && errno != EINTR)
			fail_errno("exec/sandbox-setup", "Cannot write %s", what);
		if (count > 0)
			done += (size_t)count;
	}
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
