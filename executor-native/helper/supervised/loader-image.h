/* The loader (loader/load.c) as an open file that programs can be started from. */
#ifndef TSBUILD_SUPERVISED_LOADER_IMAGE_H
#define TSBUILD_SUPERVISED_LOADER_IMAGE_H

#include <stdint.h>
#include <sys/types.h>

struct loader {
	int fd;
	dev_t device;
	ino_t inode;
	int64_t to_record; /* from its entry */
};

/* Makes the file; ends the process when that cannot be. */
void make_loader(struct loader *loader);

#endif
