/*
 * Answers to exec. The kernel starts the loader (loader/load.c) by a descriptor, so that no path of
 * the step is looked up by anybody but this process; the loader becomes the program. The call is
 * made with a cookie, by which the filter knows it, and what was started is looked at before it
 * runs: another thread may have exchanged the descriptor.
 */
#include "supervised/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/short-path.h"
#include "supervised/answers.h"
#include "supervised/loader/record.h"
#include "supervised/translated.h"

bool is_loader(const struct monitor *monitor, pid_t process)
{
	const struct loader *loader = &monitor->translated->loader;
	struct stat status;
	return stat(short_path("/proc/%d/exe", process).text, &status) == 0 && status.st_dev == loader->device &&
	       status.st_ino == loader->inode;
}

/* The loader's entry, as the kernel gives it to every process that came from it. */
static bool find_loader(pid_t process, uint64_t *entry)
{
	uint64_t pair[2];
	cleanup_free char *path = format_text("/proc/%d/auxv", process);
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && read(fd, pair, sizeof pair) == sizeof pair && pair[0] != AT_NULL) {
		*entry = pair[1];
		if (pair[0] == AT_ENTRY)
			return true;
	}
	return false;
}

bool read_program(const struct monitor *monitor, pid_t process, char path[PATH_MAX])
{
	uint64_t entry;
	const struct call call = {.pid = process};
	/* The process may have written anything there: it is a path of the root like any other. */
	return is_loader(monitor, process) && find_loader(process, &entry) &&
	       read_text(&call, entry + (uint64_t)monitor->translated->loader.to_record, path, PATH_MAX) && path[0] == '/';
}

/* Writes down what the loader is to load. It stands still at its entry. */
static bool write_record(const struct monitor *monitor, const struct tracee *tracee, const struct loader_record *record)
{
	registers now;
	if (!read_registers(tracee->thread, &now))
		return false;
	uint64_t address = position_in(&now) + (uint64_t)monitor->translated->loader.to_record;
	struct iovec here = {(void *)record, sizeof *record}, there = {(void *)(uintptr_t)address, sizeof *record};
	return process_vm_writev(tracee->thread, &here, 1, &there, 1, 0) == (ssize_t)sizeof *record;
}

static void begin_as(const struct monitor *monitor, const struct call *call, struct tracee *tracee,
                     const struct program *program)
{
	struct call begun = *call;
	begun.pid = tracee->thread; /* a thread that calls exec becomes the first of its process */
	if (!is_loader(monitor, tracee->thread) || !write_record(monitor, tracee, &program->record)) {
		end_tracee(tracee);
		return;
	}
	begin_program(&begun, &program->ids);
	release_replaced(tracee);
}

/* Makes the caller start the loader, by its descriptor `number`. */
static void start_loader(const struct monitor *monitor, const struct call *call, const struct program *program, int number)
{
	struct tracee tracee;
	int64_t result, closed;
	const uint64_t arguments[6] = {(uint64_t)number,   program->empty, program->arguments,
	                               program->variables, AT_EMPTY_PATH,  monitor->translated->cookie};
	const uint64_t closing[6] = {(uint64_t)number};
	if (!hold_caller(&tracee, call, monitor->translated->ends))
		return;
	switch (do_call(&tracee, SYS_execveat, arguments, &result)) {
	case REPLACED:
		begin_as(monitor, call, &tracee, program);
		break;
	case RETURNED:
		if (do_call(&tracee, SYS_close, closing, &closed) == RETURNED)
			release(&tracee, result);
		break;
	case GONE:
		break;
	}
}

static struct answer execute_path(const struct monitor *monitor, const struct call *call, struct step_path path,
                                  uint64_t arguments, uint64_t variables)
{
	struct program program;
	int error = find_program(monitor, call, path, &program);
	if (error)
		return VALUE(error);
	program.arguments = arguments;
	program.variables = variables;
	int number = lend_descriptor(call, monitor->translated->loader.fd, true);
	if (number < 0)
		return VALUE(number);
	start_loader(monitor, call, &program, number);
	return (struct answer){ANSWER_SENT, 0};
}

struct answer translate_execve(const struct monitor *monitor, const struct call *call)
{
	struct step_path path = {AT_FDCWD, call->args[0], 0};
	return execute_path(monitor, call, path, call->args[1], call->args[2]);
}

struct answer translate_execveat(const struct monitor *monitor, const struct call *call)
{
	struct step_path path = {(int)call->args[0], call->args[1], (int)call->args[4]};
	if (path.flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return VALUE(-EINVAL);
	return execute_path(monitor, call, path, call->args[2], call->args[3]);
}
