/* What a command and the processes outside its sandbox say to each other before it begins: a message, a descriptor with it. */
#ifndef TSBUILD_BASE_CONTROL_H
#define TSBUILD_BASE_CONTROL_H

#include "base/util.h"

/* Sends `data`, and a descriptor unless it is negative. */
void send_control(int control, const void *data, size_t size, int descriptor);

/* The size of the message; 0 at the end. The descriptor is -1 when none came. */
size_t receive_control(int control, void *data, size_t room, int *descriptor);

#endif
