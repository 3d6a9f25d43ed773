#include "seccomp/changing.h"

#include <fcntl.h>
#include <sys/resource.h>

#include "base/util.h"

/* Flags of open(2) by which a file can change; these are the same on every processor. */
#define WRITING (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)

/* A call that counts by what one of its arguments is. */
struct conditional {
	uint32_t number;
	unsigned argument;
	unsigned short test; /* BPF_JSET: one of the bits */
	uint32_t value;
};

#define CONDITIONALS 5

/* Limits count because the kernel writes the memory of a process that crashes where they let it. */
static void list_conditionals(const struct syscall_table *table, struct conditional list[CONDITIONALS])
{
	const struct conditional all[CONDITIONALS] = {
		{table->open, 1, BPF_JSET, WRITING},
		{table->openat, 2, BPF_JSET, WRITING},
		{table->setrlimit, 0, BPF_JEQ, RLIMIT_CORE},
		{table->prlimit64, 1, BPF_JEQ, RLIMIT_CORE},
		{table->ioctl, 1, BPF_JSET, TREE_COMMANDS},
	};
	for (size_t i = 0; i < CONDITIONALS; i++)
		list[i] = all[i];
}

static bool meets(const struct seccomp_data *call, const struct conditional *conditional)
{
	uint32_t value = (uint32_t)call->args[conditional->argument];
	if ((uint32_t)call->nr != conditional->number)
		return false;
	return conditional->test == BPF_JEQ ? value == conditional->value : (value & conditional->value) != 0;
}

static bool may_change_by(const struct seccomp_data *call, const struct syscall_table *table)
{
	struct conditional list[CONDITIONALS];
	for (size_t i = 0; i < table->changing_count; i++)
		if (table->changing[i] == (uint32_t)call->nr)
			return true;
	list_conditionals(table, list);
	for (size_t i = 0; i < CONDITIONALS; i++)
		if (meets(call, &list[i]))
			return true;
	return false;
}

bool may_change(const struct seccomp_data *call)
{
	for (size_t i = 0; i < LENGTH(syscall_tables); i++)
		if (syscall_tables[i].architecture == call->arch)
			return may_change_by(call, &syscall_tables[i]);
	return true;
}

static void ask_when(struct program *program, const struct conditional *conditional)
{
	struct label next = {0}, other = {0};
	far_jump_unless(program, BPF_JEQ, conditional->number, &next);
	emit_load_low(program, conditional->argument);
	jump_unless(program, conditional->test, conditional->value, &other);
	emit_return(program, SECCOMP_RET_USER_NOTIF);
	place(program, &other);
	emit_load_number(program);
	place(program, &next);
}

void ask_about_changes(struct program *program, const struct syscall_table *table)
{
	struct conditional list[CONDITIONALS];
	list_conditionals(table, list);
	for (size_t i = 0; i < CONDITIONALS; i++)
		if (list[i].number != NO_CALL)
			ask_when(program, &list[i]);
	for (size_t i = 0; i < table->changing_count; i++)
		return_if(program, BPF_JEQ, table->changing[i], SECCOMP_RET_USER_NOTIF);
}
