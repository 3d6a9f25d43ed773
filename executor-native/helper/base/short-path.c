#include "base/short-path.h"

#include <stdarg.h>

#include "base/buffer.h"
#include "base/report.h"

struct short_path short_path(const char *format, ...)
{
	struct short_path path;
	struct buffer buffer = BUFFER_IN(path.text);
	va_list arguments;
	va_start(arguments, format);
	append_arguments(&buffer, format, arguments);
	va_end(arguments);
	if (buffer.cut)
		fail("exec/internal", "The path \"%s…\" is longer than expected", path.text);
	return path;
}

struct short_path proc_path_of(int fd) { return short_path("/proc/self/fd/%d", fd); }
