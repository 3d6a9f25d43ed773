#include "supervisor/watch.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/control.h"
#include "ownership/mapped.h"
#include "seccomp/notify.h"
#include "supervisor/call.h"

const struct watched watched_calls[] = {
#ifdef SYS_chown
	{SYS_chown, 1 << 1, 1 << 2},
	{SYS_lchown, 1 << 1, 1 << 2},
#endif
	{SYS_fchown, 1 << 1, 1 << 2},
	{SYS_fchownat, 1 << 2, 1 << 3},
	{SYS_setuid, 1, 0},
	{SYS_setgid, 0, 1},
	{SYS_setreuid, 3, 0},
	{SYS_setregid, 0, 3},
	{SYS_setresuid, 7, 0},
	{SYS_setresgid, 0, 7},
	{SYS_setfsuid, 1, 0},
	{SYS_setfsgid, 0, 1},
	{SYS_setgroups, 0, 0},
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

static bool names_unmapped_group(const struct call *call)
{
	static uint32_t groups[65536];
	uint64_t count = call->args[0];
	if (count > LENGTH(groups) || !read_memory(call, call->args[1], groups, count * sizeof *groups))
		return false;
	for (uint64_t i = 0; i < count; i++)
		if (!is_mapped_group(groups[i]))
			return true;
	return false;
}

/* The numbers say so, whatever the kernel would say of the rest of the call. */
static bool names_unmapped_id(const struct call *call, uint32_t number)
{
	for (size_t i = 0; i < watched_count; i++) {
		const struct watched *watched = &watched_calls[i];
		if (watched->number != number)
			continue;
		if (!watched->users && !watched->groups)
			return names_unmapped_group(call);
		for (unsigned argument = 0; argument < 6; argument++) {
			uint32_t id = (uint32_t)call->args[argument];
			if (id != UINT32_MAX && ((watched->users >> argument & 1 && !is_mapped_user(id)) || (watched->groups >> argument & 1 && !is_mapped_group(id))))
				return true;
		}
	}
	return false;
}

static bool attend_call(int listener)
{
	static union notification notification;
	if (!receive_call(listener, &notification))
		return true;
	struct call call = call_of(&notification, listener);
	if (names_unmapped_id(&call, (uint32_t)notification.is.data.nr))
		return false;
	answer_call(&notification, listener, CONTINUE);
	return true;
}

bool attend(struct watch *watch, short events)
{
	char byte;
	if (watch->listening) {
		if (events & POLLIN)
			return attend_call(watch->fd);
		close(watch->fd); /* nobody has the filter any more */
		watch->fd = -1;
		return true;
	}
	int listener;
	size_t size = receive_control(watch->fd, &byte, 1, &listener);
	if (size && listener < 0)
		return false;
	close(watch->fd);
	watch->listening = size > 0;
	watch->fd = size ? listener : -1;
	return true;
}
