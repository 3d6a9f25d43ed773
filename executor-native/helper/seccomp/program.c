#include "seccomp/program.h"

#include <linux/seccomp.h>
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
