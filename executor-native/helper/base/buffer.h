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

#endif
