/*
 * Variables that release what they hold when they go out of scope, as in bubblewrap:
 *
 *     cleanup_fd int file = open(path, O_RDONLY | O_CLOEXEC);
 *     cleanup_free char *name = format_text("%s/%s", directory, entry);
 *
 * `take_fd` moves a descriptor out of such a variable, for a caller that returns or keeps it. None
 * of these changes errno. A process that ends with _exit leaves everything to the kernel.
 */
#ifndef TSBUILD_BASE_CLEANUP_H
#define TSBUILD_BASE_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define cleanup_free __attribute__((cleanup(free_behind)))
#define cleanup_fd __attribute__((cleanup(close_fd_behind)))
#define cleanup_file __attribute__((cleanup(close_file_behind)))
#define cleanup_directory __attribute__((cleanup(close_directory_behind)))

/* Closes a descriptor unless it is negative, and sets the variable to -1. */
static inline void close_fd_behind(int *fd)
{
	int error = errno;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = error;
}

static inline void free_behind(void *pointer)
{
	int error = errno;
	free(*(void **)pointer);
	errno = error;
}

static inline void close_file_behind(FILE **file)
{
	int error = errno;
	if (*file)
		fclose(*file);
	errno = error;
}

static inline void close_directory_behind(DIR **directory)
{
	int error = errno;
	if (*directory)
		closedir(*directory);
	errno = error;
}

/* Returns the descriptor; its variable no longer closes it. */
static inline int take_fd(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

#endif
