#include "supervisor/watch.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/control.h"
#include "base/short-path.h"
#include "ownership/devices.h"
#include "supervisor/call.h"
#include "supervisor/ids.h"

#define NONE 0

const struct watched watched_calls[] = {
#ifdef SYS_chown
	{SYS_chown, ARGUMENT(1), ARGUMENT(2)},
	{SYS_lchown, ARGUMENT(1), ARGUMENT(2)},
#endif
	{SYS_fchown, ARGUMENT(1), ARGUMENT(2)},
	{SYS_fchownat, ARGUMENT(2), ARGUMENT(3)},
	{SYS_setuid, ARGUMENT(0), NONE},
	{SYS_setgid, NONE, ARGUMENT(0)},
	{SYS_setreuid, ARGUMENT(0) | ARGUMENT(1), NONE},
	{SYS_setregid, NONE, ARGUMENT(0) | ARGUMENT(1)},
	{SYS_setresuid, ARGUMENT(0) | ARGUMENT(1) | ARGUMENT(2), NONE},
	{SYS_setresgid, NONE, ARGUMENT(0) | ARGUMENT(1) | ARGUMENT(2)},
	{SYS_setfsuid, ARGUMENT(0), NONE},
	{SYS_setfsgid, NONE, ARGUMENT(0)},
	{SYS_setgroups, NONE, NONE},
};
const size_t watched_count = LENGTH(watched_calls);

void hand_to_watcher(int control, int listener)
{
	if (listener >= 0)
		send_control(control, "", 1, listener);
	close(listener);
	close(control);
}

void ask_for_supervisor(int control)
{
	send_control(control, "", 1, -1);
	for (;;)
		pause();
}

static bool names_unmapped_group(const struct call *call, const struct mapped_ids *mapped)
{
	uint64_t count = call->args[0];
	if (count > MAX_GROUPS)
		return false;
	cleanup_free uint32_t *groups = allocate(count * sizeof *groups);
	if (!read_memory(call, call->args[1], groups, count * sizeof *groups) || !still_waits(call))
		return false; /* whoever called has ended: the memory can be another process's */
	for (uint64_t i = 0; i < count; i++)
		if (!is_mapped_group(mapped, groups[i]))
			return true;
	return false;
}

static bool has_unmapped_argument(const struct call *call, const struct watched *watched,
                                  const struct mapped_ids *mapped)
{
	for (unsigned argument = 0; argument < WATCHED_ARGUMENTS; argument++) {
		uint32_t id = (uint32_t)call->args[argument];
		bool is_user = watched->users & ARGUMENT(argument), is_group = watched->groups & ARGUMENT(argument);
		if (id == UINT32_MAX)
			continue; /* none */
		if ((is_user && !is_mapped_user(mapped, id)) || (is_group && !is_mapped_group(mapped, id)))
			return true;
	}
	return false;
}

/*
 * Returns true when a call names an id that is not mapped, even if the kernel would refuse the
 * call.
 */
static bool names_unmapped_id(const struct call *call, uint32_t number, const struct mapped_ids *mapped)
{
	for (size_t i = 0; i < watched_count; i++) {
		const struct watched *watched = &watched_calls[i];
		if (watched->number != number)
			continue;
		if (watched->users == NONE && watched->groups == NONE)
			return names_unmapped_group(call, mapped);
		return has_unmapped_argument(call, watched, mapped);
	}
	return false;
}

/* More than /proc/PID/status has, unless a process is in hundreds of groups. */
#define STATUS_ROOM 8192

/* Returns true when a process may make devices in its user namespace. */
static bool may_make_devices(const struct call *call)
{
	char text[STATUS_ROOM];
	cleanup_fd int fd = open(short_path("/proc/%d/status", call->pid).text, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	text[size > 0 ? size : 0] = 0;
	const char *capabilities = strstr(text, "\nCapEff:");
	return capabilities && strtoull(capabilities + strlen("\nCapEff:"), NULL, 16) & (1ull << CAP_MKNOD) &&
	       still_waits(call);
}

/* Returns true when a call makes a device, and its caller may. */
static bool makes_node(const struct call *call, uint32_t number)
{
#ifdef SYS_mknod
	if (number == SYS_mknod)
		return makes_device((mode_t)call->args[1], call->args[2]) && may_make_devices(call);
#endif
	return number == SYS_mknodat && makes_device((mode_t)call->args[2], call->args[3]) && may_make_devices(call);
}

static bool attend_call(struct watch *watch)
{
	union notification notification;
	if (!receive_call(watch->fd, &notification))
		return true;
	struct call call = call_of(&notification, watch->fd);
	watch->saw_device = makes_node(&call, (uint32_t)notification.is.data.nr);
	if (watch->saw_device)
		return false;
	if (names_unmapped_id(&call, (uint32_t)notification.is.data.nr, watch->mapped))
		return false;
	answer_call(&notification, watch->fd, CONTINUE);
	return true;
}

static bool attend_listener(struct watch *watch, short events)
{
	if (events & POLLIN)
		return attend_call(watch);
	close(watch->fd); /* nobody has the filter any more */
	watch->fd = -1;
	return true;
}

static bool attend_control(struct watch *watch)
{
	char byte;
	int listener;
	size_t size = receive_control(watch->fd, &byte, 1, &listener);
	if (size && listener < 0)
		return false;
	close(watch->fd);
	watch->listening = size > 0;
	watch->fd = size ? listener : -1;
	return true;
}

bool attend(struct watch *watch, short events)
{
	return watch->listening ? attend_listener(watch, events) : attend_control(watch);
}
