#include "seccomp/filter.h"

#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ownership/devices.h"
#include "seccomp/allow-list.h"
#include "seccomp/program.h"
#include "supervisor/answers.h"
#include "supervisor/notify.h"
#include "supervisor/watch.h"

#define ALLOW SECCOMP_RET_ALLOW
#define ASK SECCOMP_RET_USER_NOTIF
/* Asks about an id that may not be mapped; -1 is none. */
static void emit_watched_id(struct program *program, unsigned argument, uint32_t first_unmapped)
{
	struct label mapped = {0};
	emit_load_low(program, argument);
	jump_if(program, BPF_JEQ, UINT32_MAX, &mapped);
	jump_unless(program, BPF_JGE, first_unmapped, &mapped);
	emit_return(program, ASK);
	place(program, &mapped);
}

static void emit_watched_call(struct program *program, const struct watched *call, const struct mapped_ids *mapped)
{
	struct label next = {0};
	far_jump_unless(program, BPF_JEQ, call->number, &next);
	for (unsigned argument = 0; argument < WATCHED_ARGUMENTS; argument++) {
		if (call->users & ARGUMENT(argument))
			emit_watched_id(program, argument, first_missing(&mapped->users));
		if (call->groups & ARGUMENT(argument))
			emit_watched_id(program, argument, first_missing(&mapped->groups));
	}
	emit_return(program, call->users || call->groups ? ALLOW : ASK);
	place(program, &next);
}

/* Asks about calls that make a device. */
static void emit_watched_device(struct program *program, uint32_t number, unsigned mode)
{
	struct label next = {0};
	far_jump_unless(program, BPF_JEQ, number, &next);
	emit_load_low(program, mode);
	return_if(program, BPF_JSET, DEVICE_BIT, ASK);
	emit_return(program, ALLOW);
	place(program, &next);
}

/*
 * Asks about calls that name ids or make a device (see supervisor/watch.h), of 64-bit programs: the
 * kernel refuses what 32-bit ones name.
 */
static void emit_watched(struct program *program, const struct syscall_table *table, const struct mapped_ids *mapped)
{
	for (size_t i = 0; is_native(table) && i < watched_count; i++)
		emit_watched_call(program, &watched_calls[i], mapped);
	if (!is_native(table))
		return;
#ifdef SYS_mknod
	emit_watched_device(program, SYS_mknod, 1);
#endif
	emit_watched_device(program, SYS_mknodat, 2);
}

static bool is_asked(const struct supervised *call, const struct supervised_filter *wanted)
{
	if (call->when == WHEN_NOTED)
		return wanted->has_notes;
	return call->when != WHEN_DEVICES || wanted->has_devices;
}

static void emit_supervised_call(struct program *program, const struct supervised *call,
                                 const struct supervised_filter *wanted)
{
	bool every = (call->when != WHEN_SET && call->when != WHEN_EQUAL) || (call->when == WHEN_SET && wanted->has_devices);
	struct label next = {0}, ask = {0};
	jump_unless(program, BPF_JEQ, call->number, &next);
	if (!every) {
		emit_load_low(program, call->argument);
		jump_if(program, call->when == WHEN_SET ? BPF_JSET : BPF_JEQ, call->value, &ask);
		emit_return(program, ALLOW);
	}
	place(program, &ask);
	emit_return(program, ASK);
	place(program, &next);
}

/*
 * Asks about calls of 64-bit programs, whose memory the supervisor reads. Others get the answer
 * that all went well, and nothing happens, where there is one id only; where there are more, the
 * kernel answers them.
 */
static void emit_supervised(struct program *program, const struct syscall_table *table,
                            const struct supervised_filter *wanted)
{
	bool has_one_id = first_missing(&wanted->mapped->users) == 1;
	for (size_t i = 0; has_one_id && i < table->pretended_count; i++)
		return_if(program, BPF_JEQ, table->pretended[i], PRETEND);
	if (!is_native(table))
		return;
	for (size_t i = 0; i < supervised_count; i++)
		if (is_asked(&supervised_calls[i], wanted))
			emit_supervised_call(program, &supervised_calls[i], wanted);
	emit_keep_ids(program);
}

/* Makes the allow-list, after the questions of a supervisor or a watcher, if either is there. */
static struct program *limited_program(const struct supervised_filter *supervised, const struct mapped_ids *watched)
{
	struct program *program = new_program();
	for (size_t i = 0; i < LENGTH(syscall_tables); i++) {
		const struct syscall_table *table = &syscall_tables[i];
		struct label next = {0};
		begin_architecture(program, table, &next);
		if (supervised)
			emit_supervised(program, table, supervised);
		if (watched)
			emit_watched(program, table, watched);
		emit_allow_list(program, table);
		place(program, &next);
	}
	emit_return(program, SECCOMP_RET_KILL_PROCESS);
	return program;
}

/* Makes the questions of the supervisor without the allow-list. */
static struct program *unlimited_program(const struct supervised_filter *supervised)
{
	struct program *program = new_program();
	for (size_t i = 0; i < LENGTH(syscall_tables); i++) {
		struct label next = {0};
		begin_architecture(program, &syscall_tables[i], &next);
		emit_supervised(program, &syscall_tables[i], supervised);
		emit_return(program, ALLOW);
		place(program, &next);
	}
	emit_return(program, ALLOW);
	return program;
}

void install_seccomp(void)
{
	cleanup_free struct program *program = limited_program(NULL, NULL);
	if (install_program(program, SECCOMP_FILTER_FLAG_SPEC_ALLOW) < 0 && install_program(program, 0) < 0)
		fail_errno("exec/seccomp", "Cannot install the system call filter");
}

int install_watched_seccomp(const struct mapped_ids *mapped)
{
	cleanup_free struct program *program = limited_program(NULL, mapped);
	int listener = install_asking(program);
	if (listener < 0)
		install_seccomp();
	return listener;
}

int install_supervised_seccomp(const struct supervised_filter *wanted)
{
	cleanup_free struct program *program = wanted->limited ? limited_program(wanted, NULL) : unlimited_program(wanted);
	int listener = install_asking(program);
	if (listener < 0)
		fail_errno("exec/seccomp", "Cannot install the system call filter that keeps the owners of files");
	return listener;
}
