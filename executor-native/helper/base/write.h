/* Writing without a report of failure: base/report.c itself uses it. */
#ifndef TSBUILD_BASE_WRITE_H
#define TSBUILD_BASE_WRITE_H

#include <stdbool.h>
#include <stddef.h>

/* Writes all bytes, however many a call takes. False with errno when a write fails. */
bool try_write_all(int fd, const char *data, size_t size);

#endif
