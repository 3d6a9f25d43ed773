#include "seccomp/program.h"

#include <linux/seccomp.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "supervisor/notify.h"

bool is_native(const struct syscall_table *table)
{
	return table->architecture == syscall_tables[0].architecture;
}

void begin_architecture(struct program *program, const struct syscall_table *table, struct label *next)
{
	emit_load_architecture(program);
	far_jump_unless(program, BPF_JEQ, table->architecture, next);
	emit_load_number(program);
}

/*
 * Keeps a process from changing the limit that says which ids it has (see supervisor/ids.c). A
 * change that does nothing is no loss, as the limit does nothing either. `limits` is the argument
 * that points to new limits; calls that may have none are allowed when it is null.
 */
static void keep_limit(struct program *program, uint32_t number, unsigned resource, unsigned limits,
                          bool may_be_null)
{
	struct label next = {0}, allow = {0}, pretend = {0};
	far_jump_unless(program, BPF_JEQ, number, &next);
	emit_load_low(program, resource);
	jump_unless(program, BPF_JEQ, RLIMIT_LOCKS, &allow);
	if (may_be_null) {
		emit_load_low(program, limits);
		jump_unless(program, BPF_JEQ, 0, &pretend);
		emit_load_high(program, limits);
		jump_if(program, BPF_JEQ, 0, &allow);
	}
	place(program, &pretend);
	emit_return(program, PRETEND);
	place(program, &allow);
	emit_return(program, SECCOMP_RET_ALLOW);
	place(program, &next);
}

void emit_keep_ids(struct program *program)
{
	keep_limit(program, SYS_prlimit64, 1, 2, true);
#ifdef SYS_setrlimit
	keep_limit(program, SYS_setrlimit, 0, 1, false);
#endif
}

int install_program(const struct program *program, unsigned flags)
{
	struct sock_fprog filter = {.len = program->length, .filter = (struct sock_filter *)program->code};
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
}

int install_asking(const struct program *program)
{
	const unsigned flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	int listener = install_program(program, flags | FILTER_WAIT_KILLABLE);
	return listener < 0 ? install_program(program, flags) : listener;
}
