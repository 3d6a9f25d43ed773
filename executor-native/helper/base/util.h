/*
 * Functions that every part needs: memory, texts, whole files, numbers. They end the process on
 * failure.
 */
#ifndef TSBUILD_BASE_UTIL_H
#define TSBUILD_BASE_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/report.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Bits of a mode that chmod takes: permissions, set-id bits and the sticky bit. */
#define MODE_BITS 07777

/* Returns zeroed memory. */
void *allocate(size_t size);

/* Returns an array with room for `count` items of `size` bytes; it keeps what it had. */
void *resize(void *array, size_t count, size_t size);

char *copy_text(const char *text);
char *format_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A list of texts. The code that appended a text owns it. */
struct texts {
	size_t count;
	char **items;
};
void append_text(struct texts *list, char *text);

/*
 * Reads everything that comes from `fd`. A NUL byte follows the data. `what` names it in a message.
 */
char *read_all(int fd, size_t *size, const char *what);
void write_all(int fd, const char *data, size_t size, const char *what);

/*
 * Reads a decimal number that fills the whole text and is at most `max`; false for any other text.
 */
bool parse_number(const char *text, uint64_t max, uint64_t *value);

/* Ends of a pipe, which is closed on exec. */
enum { READ_END, WRITE_END };
void make_pipe(int ends[2]);

/* Returns true when the name of a directory's entry is "." or "..". */
bool is_dot(const char *name);

/* Returns milliseconds of a clock that nobody sets. */
int64_t milliseconds(void);

/* Waits for the end of a child, and returns its status. */
int wait_end(pid_t pid);

#endif
