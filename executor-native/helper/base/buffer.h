/* Texts in rooms of fixed size: for status lines, mount options and names of files in /proc. */
#ifndef TSBUILD_BASE_BUFFER_H
#define TSBUILD_BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buffer {
	char *text; /* always ended by NUL */
	size_t room, length;
	bool cut; /* something was appended that did not fit */
};

/* Begins an empty text in an array. */
#define BUFFER_IN(array) buffer_in((array), sizeof(array))
struct buffer buffer_in(char *text, size_t room);

/* Appends as much as fits. */
void append(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void append_arguments(struct buffer *buffer, const char *format, va_list arguments);

/*
 * Appends the inside of a JSON string, and leaves `reserve` bytes of room. Texts are bytes here:
 * those beyond ASCII pass through, and the reader decodes UTF-8 leniently.
 */
void append_json(struct buffer *buffer, const char *text, size_t reserve);

/* A name that is short by construction, such as that of a file in /proc. */
struct short_path {
	char text[64];
};

/*
 * Formats such a name: `open(short_path("%d/status", pid).text, …)`. Ends the process when it is
 * too long.
 */
struct short_path short_path(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Returns the name under which /proc has a descriptor of this process. */
struct short_path proc_path_of(int fd);

#endif
