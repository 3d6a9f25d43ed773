/* Answers about processes: a step reaches its own, and no other. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buffer.h"
#include "chroot/answers.h"
#include "chroot/identity.h"
#include "chroot/processes.h"

/* The kinds of targets of ioprio_set(2) count from 1, those of setpriority(2) from 0. */
#define IOPRIO_FIRST 1

static bool is_own(const struct monitor *monitor, pid_t pid) { return is_below(pid, monitor->pid); }

/* Goes on when the process is the step's; any other does not exist. */
static struct answer when_own(const struct monitor *monitor, int64_t pid)
{
	return pid > 0 && is_own(monitor, (pid_t)pid) ? CONTINUE : VALUE(-ESRCH);
}

struct answer answer_process(const struct monitor *monitor, const struct call *call)
{
	return when_own(monitor, (int32_t)call->args[0]);
}

/*
 * Answers kill(2). A signal to all goes to the step's processes but the caller. The caller's own
 * group consists of them, as the command began a session.
 */
struct answer answer_signal(const struct monitor *monitor, const struct call *call)
{
	int32_t pid = (int32_t)call->args[0];
	struct caller identity;
	if (pid > 0)
		return when_own(monitor, pid);
	if (pid == 0)
		return CONTINUE;
	if (pid != -1)
		return is_group_below(-pid, monitor->pid) ? CONTINUE : VALUE(-ESRCH);
	if (!read_identity(call, &identity))
		return VALUE(-ESRCH);
	if (identity.user != 0)
		return VALUE(-EPERM);
	return VALUE(signal_below(monitor->pid, identity.process, (int)call->args[1]) ? 0 : -ESRCH);
}

struct answer answer_trace(const struct monitor *monitor, const struct call *call)
{
	if (call->args[0] == PTRACE_TRACEME)
		return VALUE(-EPERM); /* the monitor may be the parent, and would have to answer */
	return when_own(monitor, (int32_t)call->args[1]);
}

/*
 * Answers PR_SET_DUMPABLE with success, and changes nothing: the monitor has to read which files a
 * process has open. Other users cannot read the process in either case.
 */
struct answer answer_dumpable(const struct monitor *monitor, const struct call *call)
{
	(void)monitor, (void)call;
	return VALUE(0);
}

/* Answers calls about a process, a group or a user. Refuses groups and users outside the step. */
static struct answer answer_about(const struct monitor *monitor, uint32_t which, int32_t who)
{
	if (which == PRIO_PROCESS)
		return who == 0 ? CONTINUE : when_own(monitor, who);
	if (which == PRIO_PGRP)
		return who == 0 || is_group_below(who, monitor->pid) ? CONTINUE : VALUE(-ESRCH);
	return VALUE(-EPERM);
}

struct answer answer_priority(const struct monitor *monitor, const struct call *call)
{
	return answer_about(monitor, (uint32_t)call->args[0], (int32_t)call->args[1]);
}

struct answer answer_ioprio(const struct monitor *monitor, const struct call *call)
{
	return answer_about(monitor, (uint32_t)call->args[0] - IOPRIO_FIRST, (int32_t)call->args[1]);
}

/* Answers F_SETOWN, by which a descriptor sends signals. */
struct answer answer_descriptor_owner(const struct monitor *monitor, const struct call *call)
{
	int32_t who = (int32_t)call->args[2];
	if (who == 0)
		return CONTINUE;
	bool is_allowed = who > 0 ? is_own(monitor, who) : is_group_below(-who, monitor->pid);
	return is_allowed ? CONTINUE : VALUE(-EPERM);
}

/*
 * Refuses another root. The way out of it, a directory that was opened before, would also lead out
 * of the step's. The root itself may be asked for.
 */
struct answer answer_chroot(const struct monitor *monitor, const struct call *call)
{
	char text[2];
	(void)monitor;
	bool is_root = read_step_text(call, call->args[0], text, sizeof text) && strcmp(text, "/") == 0;
	return VALUE(is_root ? 0 : -EPERM);
}

struct answer answer_uname(const struct monitor *monitor, const struct call *call)
{
	struct utsname names;
	if (uname(&names) < 0)
		return CONTINUE;
	struct buffer name = BUFFER_IN(names.nodename);
	append(&name, "%s", monitor->spec->hostname);
	return VALUE(write_step_memory(call, call->args[0], &names, sizeof names) ? 0 : -EFAULT);
}
