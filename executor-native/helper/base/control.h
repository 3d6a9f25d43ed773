/*
 * Messages that a command and the processes outside its sandbox exchange before the command begins:
 * some bytes, and a descriptor with them.
 */
#ifndef TSBUILD_BASE_CONTROL_H
#define TSBUILD_BASE_CONTROL_H

#include <stddef.h>

/* Sends `data`, and a descriptor unless it is negative. */
void send_control(int control, const void *data, size_t size, int descriptor);

/* Returns the size of the message, 0 at the end. The descriptor is -1 when none came. */
size_t receive_control(int control, void *data, size_t room, int *descriptor);

#endif
