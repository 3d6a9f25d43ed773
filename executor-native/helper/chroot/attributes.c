/* Answers to calls that change owners, modes, times and attributes. */
#include <errno.h>
#include <fcntl.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/short-path.h"
#include "chroot/change.h"
#include "chroot/identity.h"

/* The most that the kernel takes of an attribute's value. */
#define VALUE_ROOM 65536

#define NANOSECONDS_OF_MICROSECOND 1000

static int change_mode(const struct change *change, int held)
{
	return chmod(proc_path_of(held).text, change->mode);
}

static void change_mode_of_device(const struct change *change, struct device *device)
{
	device->mode = (device->mode & S_IFMT) | change->mode;
}

static int change_owner(const struct change *change, int held)
{
	return fchownat(held, "", change->uid, change->gid, AT_EMPTY_PATH);
}

static void change_owner_of_device(const struct change *change, struct device *device)
{
	own_device(device, (struct owner){
		change->uid == (uid_t)-1 ? device->owner.uid : change->uid,
		change->gid == (gid_t)-1 ? device->owner.gid : change->gid,
	});
}

static int change_times(const struct change *change, int held)
{
	return utimensat(AT_FDCWD, proc_path_of(held).text, change->read ? change->times : NULL, 0);
}

static int set_attribute(const struct change *change, int held)
{
	return setxattr(proc_path_of(held).text, change->name, change->value, change->size, change->flags);
}

static int remove_attribute(const struct change *change, int held)
{
	return removexattr(proc_path_of(held).text, change->name);
}

static struct answer answer_mode(const struct monitor *monitor, const struct call *call, struct subject subject,
                                 uint64_t mode)
{
	struct change change = {
		.make = change_mode, .make_of_device = change_mode_of_device, .mode = (mode_t)mode & MODE_BITS};
	return answer_change(monitor, call, &subject, &change);
}

struct answer answer_chmod_outside(const struct monitor *monitor, const struct call *call)
{
	return answer_mode(monitor, call, (struct subject){AT_FDCWD, call->args[0], 0}, call->args[1]);
}

struct answer answer_fchmod_outside(const struct monitor *monitor, const struct call *call)
{
	return answer_mode(monitor, call, (struct subject){(int)call->args[0], 0, 0}, call->args[1]);
}

struct answer answer_fchmodat_outside(const struct monitor *monitor, const struct call *call)
{
	return answer_mode(monitor, call, (struct subject){(int)call->args[0], call->args[1], 0}, call->args[2]);
}

struct answer answer_fchmodat2_outside(const struct monitor *monitor, const struct call *call)
{
	struct subject subject = {(int)call->args[0], call->args[1], (int)call->args[3]};
	return answer_mode(monitor, call, subject, call->args[2]);
}

static struct answer answer_owner(const struct monitor *monitor, const struct call *call, struct subject subject,
                                  uint64_t uid, uint64_t gid)
{
	struct change change = {
		.make = change_owner, .make_of_device = change_owner_of_device, .uid = (uid_t)uid, .gid = (gid_t)gid};
	return answer_change(monitor, call, &subject, &change);
}

struct answer answer_chown_outside(const struct monitor *monitor, const struct call *call)
{
	return answer_owner(monitor, call, (struct subject){AT_FDCWD, call->args[0], 0}, call->args[1], call->args[2]);
}

struct answer answer_lchown_outside(const struct monitor *monitor, const struct call *call)
{
	struct subject subject = {AT_FDCWD, call->args[0], AT_SYMLINK_NOFOLLOW};
	return answer_owner(monitor, call, subject, call->args[1], call->args[2]);
}

struct answer answer_fchown_outside(const struct monitor *monitor, const struct call *call)
{
	return answer_owner(monitor, call, (struct subject){(int)call->args[0], 0, 0}, call->args[1], call->args[2]);
}

struct answer answer_fchownat_outside(const struct monitor *monitor, const struct call *call)
{
	struct subject subject = {(int)call->args[0], call->args[1], (int)call->args[4]};
	return answer_owner(monitor, call, subject, call->args[2], call->args[3]);
}

static bool read_times(const struct call *call, struct change *change)
{
	return read_step_memory(call, call->args[2], change->times, sizeof change->times);
}

static bool read_times_32(const struct call *call, struct change *change)
{
	int32_t times[4];
	if (!read_step_memory(call, call->args[2], times, sizeof times))
		return false;
	for (int i = 0; i < 2; i++)
		change->times[i] = (struct timespec){times[2 * i], times[2 * i + 1]};
	return true;
}

static bool read_microseconds(const struct call *call, struct change *change)
{
	struct timeval times[2];
	if (!read_step_memory(call, call->args[2], times, sizeof times))
		return false;
	for (int i = 0; i < 2; i++)
		change->times[i] = (struct timespec){times[i].tv_sec, times[i].tv_usec * NANOSECONDS_OF_MICROSECOND};
	return true;
}

static bool read_microseconds_32(const struct call *call, struct change *change)
{
	if (!read_times_32(call, change))
		return false;
	for (int i = 0; i < 2; i++)
		change->times[i].tv_nsec *= NANOSECONDS_OF_MICROSECOND;
	return true;
}

/* Answers with the times that a call points to; without any it is now. */
static struct answer answer_times(const struct monitor *monitor, const struct call *call, int flags,
                                  bool (*read)(const struct call *call, struct change *change))
{
	const struct subject subject = {(int)call->args[0], call->args[1], flags};
	struct change change = {.make = change_times, .read = call->args[2] ? read : NULL};
	return answer_change(monitor, call, &subject, &change);
}

struct answer answer_utimensat_outside(const struct monitor *monitor, const struct call *call)
{
	return answer_times(monitor, call, (int)call->args[3], read_times);
}

struct answer answer_utimensat_outside_32(const struct monitor *monitor, const struct call *call)
{
	return answer_times(monitor, call, (int)call->args[3], read_times_32);
}

struct answer answer_futimesat_outside(const struct monitor *monitor, const struct call *call)
{
	return answer_times(monitor, call, 0, read_microseconds);
}

struct answer answer_futimesat_outside_32(const struct monitor *monitor, const struct call *call)
{
	return answer_times(monitor, call, 0, read_microseconds_32);
}

static bool read_name(const struct call *call, struct change *change)
{
	return read_step_text(call, call->args[1], change->name, sizeof change->name);
}

static bool read_attribute(const struct call *call, struct change *change)
{
	return read_name(call, change) &&
	       (!change->size || read_step_memory(call, call->args[2], change->value, change->size));
}

struct answer answer_fsetxattr_outside(const struct monitor *monitor, const struct call *call)
{
	const struct subject subject = {(int)call->args[0], 0, 0};
	struct change change = {
		.make = set_attribute, .read = read_attribute, .size = call->args[3], .flags = (int)call->args[4]};
	if (change.size > VALUE_ROOM)
		return VALUE(-E2BIG);
	cleanup_free char *value = allocate(change.size + 1);
	change.value = value;
	return answer_change(monitor, call, &subject, &change);
}

struct answer answer_fremovexattr_outside(const struct monitor *monitor, const struct call *call)
{
	const struct subject subject = {(int)call->args[0], 0, 0};
	struct change change = {.make = remove_attribute, .read = read_name};
	return answer_change(monitor, call, &subject, &change);
}
