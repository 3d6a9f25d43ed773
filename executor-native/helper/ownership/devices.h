/*
 * Device nodes of a step. None of them is on the disk, because a user namespace may make none, and
 * because one would lead to the machine's own devices. An empty file stands for it, which belongs
 * to this process's user and which nobody else may read or write, with an attribute that says what
 * it looks like. Overlayfs copies the attribute up with the file, and layers are made from it.
 */
#ifndef TSBUILD_OWNERSHIP_DEVICES_H
#define TSBUILD_OWNERSHIP_DEVICES_H

#include <sys/stat.h>

#include "ownership/owner-table.h"
#include "spec/spec.h"

/*
 * Attribute of such a file, `c:MAJOR:MINOR:MODE:UID:GID` or `b:…`, the mode octal;
 * oci/layer/model/devices.ts has it too.
 */
#define DEVICE_ATTRIBUTE "user.tsbuild.device"

/* Attribute of the directory of a layer with such files; oci/layer/model/xattrs.ts has it too. */
#define DEVICES_MARK "user.tsbuild.devices"

/* The bit of a mode that only devices have among the files that mknod(2) makes. */
#define DEVICE_BIT S_IFCHR

struct device {
	mode_t mode; /* with the kind */
	dev_t number;
	struct owner owner;
};

/* Returns true when anything that the step will see has device nodes. */
bool has_devices(const struct spec *spec);

/*
 * Returns true when mknod with these arguments makes a device. The mark of overlayfs for a deletion
 * is none.
 */
bool makes_device(mode_t mode, uint64_t number);

/*
 * Finds the device that a file stands for; false for other files. `flags`: AT_SYMLINK_NOFOLLOW or
 * 0. Note that the file has to be closed to everybody else: whoever may write to a file can give it
 * attributes.
 */
bool find_device(const char *path, int flags, struct device *device);

/* Changes what a file of a device looks like; false with errno. */
bool change_device(const char *path, int flags, const struct device *device);

/* Gives a device another owner, which takes its set-id bits away. */
void own_device(struct device *device, struct owner owner);

/* Makes the file of a device; false with errno. */
bool make_device(const char *path, const struct device *device);

/* Makes a status that of the device. */
void show_device(const struct device *device, struct stat *status);
void show_device_in(const struct device *device, struct statx *status);

#endif
