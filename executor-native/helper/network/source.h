/* Descriptors that are waited for, each with what to do when it is ready. */
#ifndef TSBUILD_NETWORK_SOURCE_H
#define TSBUILD_NETWORK_SOURCE_H

#include <stdint.h>
#include <sys/epoll.h>

struct source {
	int fd;            /* negative when it is closed */
	uint32_t interest; /* events that are waited for; 0 where the kernel does not know it */
	void (*ready)(struct source *source, uint32_t events);
};

/* Waits for these events of a source from now on. With none the kernel forgets the source. */
void wait_for(int epoll, struct source *source, uint32_t interest);

/* Closes a source, and forgets it. */
void close_source(int epoll, struct source *source);

#endif
