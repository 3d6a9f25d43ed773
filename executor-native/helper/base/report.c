#include "base/report.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/write.h"

#define LINE_ROOM 8192
#define MESSAGE_ROOM 3840

/*
 * Note that this is a variable of the program and no member of a struct, because every function may
 * have to report a failure, as every function may print to stderr. A mode sets it once, before
 * anything else.
 */
static int status_fd = STDERR_FILENO;

void report_to(int fd) { status_fd = fd; }

/* Writes the line. Gives up without a reader: the caller is gone, and this process ends soon. */
static void write_line(const struct buffer *line)
{
	(void)try_write_all(status_fd, line->text, line->length);
}

void report(const struct status *status)
{
	char line_room[LINE_ROOM], end_room[128];
	struct buffer line = BUFFER_IN(line_room), end = BUFFER_IN(end_room);
	if (status->text)
		append(&end, "\"");
	if (status->number_key)
		append(&end, ",\"%s\":%ld", status->number_key, status->number);
	append(&end, "}\n");
	append(&line, "{\"status\":\"%s\"", status->name);
	if (status->text) {
		append(&line, ",\"%s\":\"", status->key);
		append_json(&line, status->text, end.length);
	}
	append(&line, "%s", end.text);
	write_line(&line);
}

static long long microseconds(const struct timeval *time)
{
	return (long long)time->tv_sec * 1000000 + time->tv_usec;
}

void report_usage(void)
{
	struct rusage used;
	char room[256];
	struct buffer line = BUFFER_IN(room);
	if (getrusage(RUSAGE_CHILDREN, &used) < 0)
		return;
	append(&line, "{\"status\":\"usage\",\"user\":%lld,\"system\":%lld,\"largest\":%ld,\"read\":%ld,\"written\":%ld}\n",
	       microseconds(&used.ru_utime), microseconds(&used.ru_stime), used.ru_maxrss, used.ru_inblock,
	       used.ru_oublock);
	write_line(&line);
}

static _Noreturn void fail_with(const char *code, int error, const char *format, va_list arguments)
{
	char line_room[LINE_ROOM], message_room[MESSAGE_ROOM], end_room[64];
	struct buffer line = BUFFER_IN(line_room), message = BUFFER_IN(message_room), end = BUFFER_IN(end_room);
	append_arguments(&message, format, arguments);
	append(&end, "\",\"errno\":%d}\n", error);
	append(&line, "{\"status\":\"error\",\"code\":\"%s\",\"message\":\"", code);
	append_json(&line, message.text, end.length);
	if (error) {
		append_json(&line, ": ", end.length);
		append_json(&line, strerror(error), end.length);
	}
	append(&line, "%s", end.text);
	write_line(&line);
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
