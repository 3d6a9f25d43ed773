#include "supervisor/tracee.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The signal of a stop at a call, with PTRACE_O_TRACESYSGOOD. */
#define CALL_STOP (SIGTRAP | 0x80)

void note_end(struct ends *ends, pid_t pid, int status)
{
	if (pid != ends->command || WIFSTOPPED(status))
		return;
	ends->status = status;
	ends->has_ended = true;
}

static int event_of(int status) { return status >> 16; }

/*
 * Waits until the process stands still; false when it is gone. Signals are kept until the release,
 * because their handlers would wait for answers of this process.
 */
static bool wait_stop(struct tracee *tracee, int *status)
{
	for (;;) {
		pid_t pid = waitpid(-1, status, __WALL);
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return false;
		if (pid != tracee->thread && pid != tracee->process) {
			note_end(tracee->ends, pid, *status);
			continue;
		}
		if (!WIFSTOPPED(*status)) {
			note_end(tracee->ends, pid, *status);
			if (pid == tracee->thread)
				return false;
			continue;
		}
		tracee->thread = pid; /* exec gives a thread the number of its process */
		return true;
	}
}

/* Waits for a stop that is none by a signal. */
static bool wait_event(struct tracee *tracee, int request, int *status)
{
	while (wait_stop(tracee, status)) {
		int signal = WSTOPSIG(*status);
		if (event_of(*status) || signal == CALL_STOP)
			return true;
		if (tracee->signal_count < LENGTH(tracee->signals))
			tracee->signals[tracee->signal_count++] = signal;
		ptrace(request, tracee->thread, 0, 0);
	}
	return false;
}

/* Reads the process that the calling thread is of. */
static pid_t process_of(pid_t thread)
{
	char text[4096];
	cleanup_file FILE *file = NULL;
	cleanup_free char *path = format_text("/proc/%d/status", thread);
	int process = thread;
	file = fopen(path, "re");
	while (file && fgets(text, sizeof text, file))
		if (sscanf(text, "Tgid: %d", &process) == 1)
			break;
	return process;
}

bool hold_caller(struct tracee *tracee, const struct call *call, struct ends *ends)
{
	int status;
	*tracee = (struct tracee){.thread = call->pid, .process = process_of(call->pid), .ends = ends};
	if (!still_waits(call) ||
	    ptrace(PTRACE_SEIZE, call->pid, 0, PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) < 0)
		return false;
	ptrace(PTRACE_INTERRUPT, call->pid, 0, 0);
	answer_waiting(call, 0);
	return wait_event(tracee, PTRACE_CONT, &status) && read_registers(tracee->thread, &tracee->saved);
}

/* Lets the process run up to its next call, which is then replaced. */
static bool go_to_call(struct tracee *tracee)
{
	registers now = tracee->saved;
	int status;
	repeat_call(&now);
	if (!write_registers(tracee->thread, &now))
		return false;
	do {
		if (ptrace(PTRACE_SYSCALL, tracee->thread, 0, 0) < 0 || !wait_event(tracee, PTRACE_SYSCALL, &status))
			return false;
	} while (WSTOPSIG(status) != CALL_STOP);
	return true;
}

enum outcome do_call(struct tracee *tracee, long number, const uint64_t arguments[6], int64_t *result)
{
	registers now;
	int status;
	if (!go_to_call(tracee) || !read_registers(tracee->thread, &now) ||
	    !replace_call(tracee->thread, &now, number, arguments))
		return GONE;
	do {
		if (ptrace(PTRACE_SYSCALL, tracee->thread, 0, 0) < 0 || !wait_event(tracee, PTRACE_SYSCALL, &status))
			return GONE;
		if (event_of(status) == PTRACE_EVENT_EXEC)
			return REPLACED;
	} while (WSTOPSIG(status) != CALL_STOP);
	if (!read_registers(tracee->thread, &now))
		return GONE;
	*result = result_in(&now);
	return RETURNED;
}

static void detach(struct tracee *tracee)
{
	ptrace(PTRACE_DETACH, tracee->thread, 0, 0);
	for (size_t i = 0; i < tracee->signal_count; i++)
		syscall(SYS_tgkill, tracee->process, tracee->thread, tracee->signals[i]);
}

void release(struct tracee *tracee, int64_t result)
{
	set_result(&tracee->saved, result);
	write_registers(tracee->thread, &tracee->saved);
	detach(tracee);
}

void release_replaced(struct tracee *tracee) { detach(tracee); }

void end_tracee(struct tracee *tracee)
{
	kill(tracee->process, SIGKILL);
	ptrace(PTRACE_DETACH, tracee->thread, 0, SIGKILL);
}
