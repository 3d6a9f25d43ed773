/* Device nodes in the root of a step without namespaces (see ownership/devices.h). */
#ifndef TSBUILD_CHROOT_DEVICES_H
#define TSBUILD_CHROOT_DEVICES_H

#include "chroot/change.h"
#include "ownership/devices.h"

/*
 * Returns true when nodes may be made in a directory (O_PATH): it is in the root, and not in a
 * mount.
 */
bool may_have_devices(const struct monitor *monitor, int directory);

/* Makes the file of a device in a directory that is held; returns 0 or a negative errno. */
int make_device_in(const struct monitor *monitor, int directory, const char *name, const struct device *device);

/*
 * Holds (O_PATH) the file of a device that a call is about; -1 for other files, which the kernel
 * answers for.
 */
int hold_device_inside(const struct monitor *monitor, const struct call *call, const struct subject *subject,
                struct device *device);

/* Returns true when opening this with these flags fails as there is no device. */
bool opens_device(const struct monitor *monitor, const struct call *call, int directory, uint64_t path, uint64_t flags);

#endif
