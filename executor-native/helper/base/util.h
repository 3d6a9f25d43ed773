/* What every part needs: failing with a status line, small string and file functions. */
#ifndef TSBUILD_BASE_UTIL_H
#define TSBUILD_BASE_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Where status lines go: one JSON object a line. Standard error until a mode sets it. */
extern int status_fd;

/* Exit code of this program when it could not do what it was asked; the status line says why. */
#define EXIT_FAILED 125

/* {"status":"error","code":…,"message":…,"errno":…}; then the process ends. `fail` has no errno. */
_Noreturn void fail(const char *code, const char *format, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void fail_errno(const char *code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One status line: {"status":<name>, …members}. A NULL text and a negative number leave their member out. */
void status_line(const char *name, const char *key, const char *text, const char *number_key, long number);

void *allocate(size_t size);
char *format_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Everything that can be read from `fd`; ends the process on failure. A NUL byte follows the data. */
char *read_all(int fd, size_t *size, const char *what);
void write_all(int fd, const char *data, size_t size, const char *what);

/* A decimal number that fills the whole text and is at most `max`. */
bool parse_number(const char *text, uint64_t max, uint64_t *value);

#endif
