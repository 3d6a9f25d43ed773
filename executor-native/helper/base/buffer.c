#include "base/buffer.h"

#include <stdio.h>
#include <string.h>

/* The longest form that append_json gives one byte: \u001f. */
#define LONGEST_ESCAPE 6

struct buffer buffer_in(char *text, size_t room)
{
	text[0] = 0;
	return (struct buffer){.text = text, .room = room};
}

void append_arguments(struct buffer *buffer, const char *format, va_list arguments)
{
	size_t left = buffer->room - buffer->length;
	int length = vsnprintf(buffer->text + buffer->length, left, format, arguments);
	if (length < 0 || (size_t)length >= left) {
		buffer->cut = true;
		buffer->length += strlen(buffer->text + buffer->length);
	} else {
		buffer->length += (size_t)length;
	}
}

void append(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	append_arguments(buffer, format, arguments);
	va_end(arguments);
}

void append_json(struct buffer *buffer, const char *text, size_t reserve)
{
	for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
		if (buffer->length + LONGEST_ESCAPE + reserve >= buffer->room) {
			buffer->cut = true;
			return;
		}
		if (*at == '"' || *at == '\\')
			append(buffer, "\\%c", *at);
		else if (*at < ' ')
			append(buffer, "\\u%04x", *at);
		else
			append(buffer, "%c", *at);
	}
}
