/* Device nodes of a step that has a supervisor (see ownership/devices.h). */
#ifndef TSBUILD_SUPERVISOR_DEVICES_H
#define TSBUILD_SUPERVISOR_DEVICES_H

#include "ownership/devices.h"
#include "supervisor/call.h"
#include "supervisor/paths.h"

/*
 * The status with which a supervisor ends, and ends the step, when the first device is made where
 * the filter does not ask about what can be done with one.
 */
#define EXIT_NEEDS_DEVICES 3

/*
 * Finds the device that a path means to the caller, and holds its file. False for most files, and
 * where nothing is known to have devices.
 */
bool hold_device(const struct call *call, int directory, uint64_t path, int flags, struct located *located,
                 struct device *device);

/* Returns the group that a new file of the caller gets in a directory. */
uint32_t group_of_new(const struct call *call, const char *directory);

/* Answers for a new device node. */
struct answer answer_new_device(const struct call *call, int directory, uint64_t path, mode_t mode, uint64_t number);

/* Answers a call that opens a device; the kernel answers for every other file. */
struct answer answer_opening(const struct call *call, int directory, uint64_t path, uint64_t flags);

/* Gives a device away that is held. */
struct answer give_device(const struct call *call, const struct located *located, struct device *device,
                          struct owner after);

#endif
