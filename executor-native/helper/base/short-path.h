/* Names that are short by construction, such as those of files in /proc. */
#ifndef TSBUILD_BASE_SHORT_PATH_H
#define TSBUILD_BASE_SHORT_PATH_H

struct short_path {
	char text[64];
};

/*
 * Formats such a name: `open(short_path("%d/status", pid).text, …)`. Ends the process when the name
 * is too long.
 */
struct short_path short_path(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Returns the name under which /proc has a descriptor of this process. */
struct short_path proc_path_of(int fd);

#endif
