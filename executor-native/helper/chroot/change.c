#include "chroot/change.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <unistd.h>

#include "base/short-path.h"
#include "chroot/devices.h"
#include "chroot/handed.h"
#include "chroot/outside.h"
#include "roots/terminals.h"

#define BIT(capability) (1ull << (capability))

/* Capabilities by which a process changes files of others. */
#define OVER_OTHERS (BIT(CAP_CHOWN) | BIT(CAP_FOWNER) | BIT(CAP_DAC_OVERRIDE))

/* Returns true when a caller may change files of the machine's root. */
static bool is_like_root(const struct caller *identity)
{
	return identity->files_user == 0 || identity->capabilities & OVER_OTHERS;
}

/* Makes the change of a device. Root may make every change, and owners that of the mode. */
static struct answer change_held_device(const struct caller *identity, const struct change *change, int held,
                                        struct device *device)
{
	const struct owner before = device->owner;
	change->make_of_device(change, device);
	bool gives = device->owner.uid != before.uid || device->owner.gid != before.gid;
	if (!is_like_root(identity) && (gives || before.uid != identity->files_user))
		return VALUE(-EPERM);
	return VALUE(change_device(proc_path_of(held).text, 0, device) ? 0 : -errno);
}

/* Changes a device of the root; the kernel changes other files. */
static struct answer change_path_of_device(const struct monitor *monitor, const struct call *call,
                                           const struct subject *subject, const struct change *change)
{
	struct device device;
	struct caller identity;
	cleanup_fd int held = change->make_of_device ? hold_device_inside(monitor, call, subject, &device) : -1;
	if (held < 0 || !read_identity(call, &identity))
		return CONTINUE;
	return change_held_device(&identity, change, held, &device);
}

/* Makes the change of a file that this process holds, with the caller's rights. */
static struct answer make_change(const struct call *call, const struct outside *outside,
                                 const struct caller *identity, struct change *change, int held)
{
	struct device device;
	if (change->make_of_device && find_device(proc_path_of(held).text, 0, &device))
		return change_held_device(identity, change, held, &device);
	bool is_lent = outside && outside->kind == LENT_DEVICE && !is_terminal(outside->path);
	if (is_lent || is_of_machine(held))
		return VALUE(-EROFS);
	if (change->read && !change->read(call, change))
		return VALUE(-EFAULT);
	take_rights(identity);
	int error = change->make(change, held) < 0 ? errno : 0;
	end_rights();
	return VALUE(-error);
}

/* Opens what a caller has as a descriptor (O_PATH); a negative errno when it cannot be known. */
static int hold_descriptor(const struct call *call, const struct caller *identity, int number)
{
	struct short_path link = number == AT_FDCWD ? short_path("/proc/%d/cwd", call->pid)
	                                            : short_path("/proc/%d/fd/%d", call->pid, number);
	cleanup_fd int held = open(link.text, O_PATH | O_CLOEXEC);
	if (held < 0 && errno == EACCES) {
		take_identity(identity);
		held = open(link.text, O_PATH | O_CLOEXEC);
		end_identity();
	}
	if (held < 0)
		return errno == ENOENT ? -EBADF : -EPERM;
	return still_waits(call) ? take_fd(&held) : -ESRCH;
}

/* Lets a change of an unknown file pass, and has the files of the machine checked afterwards. */
static struct answer let_pass(const struct monitor *monitor)
{
	monitor->handed->is_suspected = true;
	return CONTINUE;
}

static struct answer change_descriptor(const struct monitor *monitor, const struct call *call,
                                       const struct caller *identity, int number, struct change *change)
{
	cleanup_fd int held = hold_descriptor(call, identity, number);
	if (held == -EPERM)
		return let_pass(monitor);
	return held < 0 ? VALUE(held) : make_change(call, NULL, identity, change, held);
}

/* Changes a file of the root, for a call that could turn into one about a descriptor. */
static struct answer change_inside(const struct monitor *monitor, const struct call *call,
                                   const struct caller *identity, const struct subject *subject,
                                   struct change *change)
{
	struct outside outside = {.kind = IN_ROOT};
	if (!read_step_path(monitor, call, subject->directory, subject->path, outside.path))
		return VALUE(-ENOENT);
	take_rights(identity);
	cleanup_fd int held = hold_outside(monitor, &outside, !(subject->flags & AT_SYMLINK_NOFOLLOW));
	int error = held < 0 ? errno : 0;
	end_rights();
	return held < 0 ? VALUE(-error) : make_change(call, &outside, identity, change, held);
}

/* Changes a file by its path. The kernel makes the changes by paths that stay in the root. */
static struct answer change_path(const struct monitor *monitor, const struct call *call, const struct subject *subject,
                                 struct change *change)
{
	struct target target;
	bool follow = !(subject->flags & AT_SYMLINK_NOFOLLOW);
	if (!find_target(monitor, call, subject->directory, subject->path, follow, &target))
		return change_path_of_device(monitor, call, subject, change);
	end_identity();
	struct answer answer = target.fd < 0 ? VALUE(-target.error)
	                                     : make_change(call, &target.outside, &target.identity, change, target.fd);
	end_target(&target);
	return answer;
}

struct answer answer_change(const struct monitor *monitor, const struct call *call, const struct subject *subject,
                            struct change *change)
{
	char first;
	struct caller identity;
	bool may_be_empty = subject->path && subject->flags & AT_EMPTY_PATH;
	if (subject->path && !may_be_empty)
		return change_path(monitor, call, subject, change);
	if (!read_identity(call, &identity))
		return VALUE(-ESRCH);
	if (!is_like_root(&identity))
		return CONTINUE;
	if (may_be_empty && !read_step_memory(call, subject->path, &first, 1))
		return let_pass(monitor);
	if (!may_be_empty || !first)
		return change_descriptor(monitor, call, &identity, subject->directory, change);
	struct answer answer = change_path(monitor, call, subject, change);
	return answer.kind == ANSWER_CONTINUE ? change_inside(monitor, call, &identity, subject, change) : answer;
}
