#include "supervisor/call.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

bool receive_call(int listener, union notification *notification)
{
	memset(notification, 0, sizeof *notification);
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, notification) == 0)
		return true;
	if (errno != ENOENT && errno != EINTR && errno != EAGAIN)
		fail_errno("exec/supervisor", "Cannot receive the system calls of the sandbox");
	return false;
}

struct call call_of(const union notification *notification, int listener)
{
	struct call call = {.listener = listener, .id = notification->is.id, .pid = (pid_t)notification->is.pid};
	for (size_t i = 0; i < LENGTH(call.args); i++)
		call.args[i] = notification->is.data.args[i];
	return call;
}

static void send_answer(int listener, uint64_t id, struct answer answer)
{
	union reply reply;
	memset(&reply, 0, sizeof reply);
	reply.is.id = id;
	if (answer.kind == ANSWER_CONTINUE)
		reply.is.flags = NOTIFY_CONTINUE;
	else if (answer.value < 0)
		reply.is.error = (int32_t)answer.value;
	else
		reply.is.val = answer.value;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply); /* fails when the caller is gone */
}

void answer_call(const union notification *notification, int listener, struct answer answer)
{
	if (answer.kind != ANSWER_SENT)
		send_answer(listener, notification->is.id, answer);
}

void answer_waiting(const struct call *call, int64_t value) { send_answer(call->listener, call->id, VALUE(value)); }

bool still_waits(const struct call *call)
{
	uint64_t id = call->id;
	return ioctl(call->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

struct answer hand_over(const struct call *call, int fd, bool close_on_exec)
{
	struct notify_add add = {
		.id = call->id, .flags = NOTIFY_ADD_SEND, .from = (uint32_t)fd, .to_flags = close_on_exec ? O_CLOEXEC : 0};
	struct answer answer = {ANSWER_SENT, 0};
	int number = ioctl(call->listener, NOTIFY_ADD, &add);
	if (number < 0 && errno == EINVAL) {
		add.flags = 0;
		number = ioctl(call->listener, NOTIFY_ADD, &add);
		answer = VALUE(number);
	}
	return number < 0 ? VALUE(-errno) : answer; /* such as when the caller has no descriptor left */
}

int lend_descriptor(const struct call *call, int fd, bool close_on_exec)
{
	struct notify_add add = {.id = call->id, .from = (uint32_t)fd, .to_flags = close_on_exec ? O_CLOEXEC : 0};
	int number = ioctl(call->listener, NOTIFY_ADD, &add);
	return number < 0 ? -errno : number;
}
