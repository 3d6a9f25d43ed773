#include "seccomp/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ownership/mapped.h"
#include "ownership/owner-notes.h"
#include "seccomp/notify.h"
#include "seccomp/table.h"
#include "supervisor/call.h"
#include "supervisor/watch.h"

/* CLONE_NEW*: NS, CGROUP, UTS, IPC, USER, PID, NET. */
#define NAMESPACE_FLAGS 0x7e020000u

/*
 * Address families that are refused: those without a namespace of their own or with a record of holes,
 * as Docker has it. AF_VSOCK leads out of a virtual machine.
 */
static const uint32_t denied_families[] = {
	AF_DECnet, AF_ECONET, AF_ATMSVC, AF_IRDA, AF_WANPIPE, AF_ISDN, AF_CAIF, AF_ALG, AF_VSOCK,
};

#define DENY (SECCOMP_RET_ERRNO | EPERM)
#define MAX_INSTRUCTIONS 4096

struct program {
	struct sock_filter code[MAX_INSTRUCTIONS];
	unsigned short length;
};

static void emit(struct program *program, struct sock_filter instruction)
{
	if (program->length == MAX_INSTRUCTIONS)
		fail("exec/internal", "The system call filter is too long");
	program->code[program->length++] = instruction;
}

static void emit_return(struct program *program, uint32_t action)
{
	emit(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static void emit_jump(struct program *program, unsigned short test, uint32_t value, unsigned char when, unsigned char otherwise)
{
	emit(program, (struct sock_filter)BPF_JUMP((unsigned short)(BPF_JMP | test | BPF_K), value, when, otherwise));
}

static void emit_load(struct program *program, uint32_t offset)
{
	emit(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset));
}

/* A search tree over the sorted ranges of allowed numbers; the number is in the accumulator. */
static void emit_ranges(struct program *program, const struct syscall_range *ranges, size_t count)
{
	if (count == 1) {
		emit_jump(program, BPF_JGE, ranges[0].first, 0, 2);
		emit_jump(program, BPF_JGT, ranges[0].last, 1, 0);
		emit_return(program, SECCOMP_RET_ALLOW);
		emit_return(program, DENY);
		return;
	}
	size_t half = count / 2;
	emit_jump(program, BPF_JGE, ranges[half].first, 0, 1);
	unsigned short jump = program->length;
	emit(program, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
	emit_ranges(program, ranges, half);
	program->code[jump].k = (uint32_t)(program->length - jump - 1);
	emit_ranges(program, ranges + half, count - half);
}

/* Loads the low half of an argument: flags, families and personas are 32-bit numbers. */
static void emit_load_argument(struct program *program, unsigned index)
{
	emit_load(program, (uint32_t)(offsetof(struct seccomp_data, args) + index * sizeof(uint64_t)));
}

static void emit_call(struct program *program, uint32_t number, void (*body)(struct program *))
{
	emit_jump(program, BPF_JEQ, number, 1, 0);
	unsigned short jump = program->length;
	emit(program, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
	body(program);
	program->code[jump].k = (uint32_t)(program->length - jump - 1);
}

/* Processes and threads, but no namespaces. */
static void clone_body(struct program *program)
{
	emit_load_argument(program, 0);
	emit_jump(program, BPF_JSET, NAMESPACE_FLAGS, 0, 1);
	emit_return(program, DENY);
	emit_return(program, SECCOMP_RET_ALLOW);
}

/* A filter cannot see its flags, which lie in memory: "not implemented" makes the C library use clone. */
static void clone3_body(struct program *program)
{
	emit_return(program, SECCOMP_RET_ERRNO | ENOSYS);
}

/*
 * The arguments lie in memory, where a filter cannot see the family of addresses, and some families lead to the kernel's weak spots. "Not implemented" makes
 * C libraries that know both (musl) use socket(2); 32-bit programs of others are without a network.
 */
static void socketcall_body(struct program *program)
{
	emit_return(program, SECCOMP_RET_ERRNO | ENOSYS);
}

static void personality_body(struct program *program)
{
	static const uint32_t allowed[] = {0, 0x8, 0x20000, 0x20008, 0xffffffff};
	emit_load_argument(program, 0);
	for (size_t i = 0; i < LENGTH(allowed); i++) {
		emit_jump(program, BPF_JEQ, allowed[i], 0, 1);
		emit_return(program, SECCOMP_RET_ALLOW);
	}
	emit_return(program, DENY);
}

static void socket_body(struct program *program)
{
	emit_load_argument(program, 0);
	for (size_t i = 0; i < LENGTH(denied_families); i++) {
		emit_jump(program, BPF_JEQ, denied_families[i], 0, 1);
		emit_return(program, DENY);
	}
	emit_return(program, SECCOMP_RET_ALLOW);
}

/* Where the step's ids are kept (see supervisor/ids.c): a change that does nothing is no loss, as the limit does nothing either. */
static void emit_keep_ids(struct program *program, uint32_t number, unsigned resource, int wanted)
{
	emit_jump(program, BPF_JEQ, number, 1, 0);
	unsigned short jump = program->length;
	emit(program, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
	emit_load_argument(program, resource);
	emit_jump(program, BPF_JEQ, RLIMIT_LOCKS, 0, wanted < 0 ? 1 : 5);
	if (wanted >= 0) { /* a pointer: not null in either half */
		emit_load_argument(program, (unsigned)wanted);
		emit_jump(program, BPF_JEQ, 0, 0, 2);
		emit_load(program, (uint32_t)(offsetof(struct seccomp_data, args) + (unsigned)wanted * sizeof(uint64_t) + sizeof(uint32_t)));
		emit_jump(program, BPF_JEQ, 0, 1, 0);
	}
	emit_return(program, SECCOMP_RET_ERRNO | 0);
	emit_return(program, SECCOMP_RET_ALLOW);
	program->code[jump].k = (uint32_t)(program->length - jump - 1);
}

/* Asks about an id that may not be mapped; -1 is none. */
static void emit_watched_id(struct program *program, unsigned argument, uint32_t first_unmapped)
{
	emit_load_argument(program, argument);
	emit_jump(program, BPF_JEQ, UINT32_MAX, 2, 0);
	emit_jump(program, BPF_JGE, first_unmapped, 0, 1);
	emit_return(program, SECCOMP_RET_USER_NOTIF);
}

/* Calls that name ids (see supervisor/watch.h), of 64-bit programs: the kernel refuses the ids that 32-bit ones name. */
static void emit_watched(struct program *program, const struct syscall_table *table)
{
	for (size_t i = 0; table == &syscall_tables[0] && i < watched_count; i++) {
		const struct watched *call = &watched_calls[i];
		emit_jump(program, BPF_JEQ, call->number, 1, 0);
		unsigned short jump = program->length;
		emit(program, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
		for (unsigned argument = 0; argument < 4; argument++) {
			if (call->users >> argument & 1)
				emit_watched_id(program, argument, first_unmapped_user());
			if (call->groups >> argument & 1)
				emit_watched_id(program, argument, first_unmapped_group());
		}
		emit_return(program, call->users || call->groups ? SECCOMP_RET_ALLOW : SECCOMP_RET_USER_NOTIF);
		program->code[jump].k = (uint32_t)(program->length - jump - 1);
	}
}

/*
 * Calls about owners and ids. The supervisor reads the memory of 64-bit programs. Others are told that all went well, and nothing happens, where there is one id
 * only; where there are more, the kernel answers them.
 */
static void emit_supervised(struct program *program, const struct syscall_table *table)
{
	for (size_t i = 0; first_unmapped_user() == 1 && i < table->pretended_count; i++) {
		emit_jump(program, BPF_JEQ, table->pretended[i], 0, 1);
		emit_return(program, SECCOMP_RET_ERRNO | 0);
	}
	if (table != &syscall_tables[0])
		return;
	for (size_t i = 0; i < supervised_count; i++) {
		const struct supervised *call = &supervised_calls[i];
		bool always = call->when == EVERY_CALL || call->when == WHEN_NOTED;
		if (call->when == WHEN_NOTED && !owner_notes()->count)
			continue;
		emit_jump(program, BPF_JEQ, call->number, 0, always ? 1 : 4);
		if (!always) {
			emit_load_argument(program, call->argument);
			emit_jump(program, call->when == WHEN_SET ? BPF_JSET : BPF_JEQ, call->value, 1, 0);
			emit_return(program, SECCOMP_RET_ALLOW);
		}
		emit_return(program, SECCOMP_RET_USER_NOTIF);
	}
	emit_keep_ids(program, SYS_prlimit64, 1, 2);
#ifdef SYS_setrlimit
	emit_keep_ids(program, SYS_setrlimit, 0, -1);
#endif
}

enum asking { ASK_NOTHING, ASK_OF_UNMAPPED, ASK_OF_ALL };

static void emit_architecture(struct program *program, const struct syscall_table *table, enum asking asking)
{
	emit_load(program, offsetof(struct seccomp_data, arch));
	emit_jump(program, BPF_JEQ, table->architecture, 1, 0);
	unsigned short jump = program->length;
	emit(program, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
	emit_load(program, offsetof(struct seccomp_data, nr));
	if (asking == ASK_OF_ALL)
		emit_supervised(program, table);
	if (asking == ASK_OF_UNMAPPED)
		emit_watched(program, table);
	emit_call(program, table->clone, clone_body);
	emit_call(program, table->clone3, clone3_body);
	emit_call(program, table->personality, personality_body);
	emit_call(program, table->socket, socket_body);
	if (table->socketcall != NO_CALL)
		emit_call(program, table->socketcall, socketcall_body);
	emit_ranges(program, table->ranges, table->count);
	program->code[jump].k = (uint32_t)(program->length - jump - 1);
}

static struct program *whole_program(enum asking asking)
{
	struct program *program = allocate(sizeof *program);
	program->length = 0;
	for (size_t i = 0; i < LENGTH(syscall_tables); i++)
		emit_architecture(program, &syscall_tables[i], asking);
	emit_return(program, SECCOMP_RET_KILL_PROCESS);
	return program;
}

/* Without the allow-list. */
static struct program *supervised_program(void)
{
	struct program *program = allocate(sizeof *program);
	program->length = 0;
	for (size_t i = 0; i < LENGTH(syscall_tables); i++) {
		emit_load(program, offsetof(struct seccomp_data, arch));
		emit_jump(program, BPF_JEQ, syscall_tables[i].architecture, 1, 0);
		unsigned short jump = program->length;
		emit(program, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
		emit_load(program, offsetof(struct seccomp_data, nr));
		emit_supervised(program, &syscall_tables[i]);
		emit_return(program, SECCOMP_RET_ALLOW);
		program->code[jump].k = (uint32_t)(program->length - jump - 1);
	}
	emit_return(program, SECCOMP_RET_ALLOW);
	return program;
}

/* The descriptor that `flags` ask for, or 0; -1 with errno. */
static int install(const struct program *program, unsigned flags)
{
	struct sock_fprog filter = {.len = program->length, .filter = (struct sock_filter *)program->code};
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
}

static int install_asking(const struct program *program)
{
	const unsigned flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	int listener = install(program, flags | FILTER_WAIT_KILLABLE);
	return listener < 0 ? install(program, flags) : listener;
}

void install_seccomp(void)
{
	struct program *program = whole_program(ASK_NOTHING);
	if (install(program, SECCOMP_FILTER_FLAG_SPEC_ALLOW) < 0 && install(program, 0) < 0)
		fail_errno("exec/seccomp", "Cannot install the system call filter");
	free(program);
}

int install_watched_seccomp(void)
{
	struct program *program = whole_program(ASK_OF_UNMAPPED);
	int listener = install_asking(program);
	free(program);
	if (listener < 0)
		install_seccomp();
	return listener;
}

int install_supervised_seccomp(bool limited)
{
	struct program *program = limited ? whole_program(ASK_OF_ALL) : supervised_program();
	int listener = install_asking(program);
	if (listener < 0)
		fail_errno("exec/seccomp", "Cannot install the system call filter that keeps the owners of files");
	free(program);
	return listener;
}
