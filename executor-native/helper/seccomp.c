#include "seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "seccomp-table.h"
#include "util.h"

/* CLONE_NEW*: NS, CGROUP, UTS, IPC, USER, PID, NET. */
#define NAMESPACE_FLAGS 0x7e020000u

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

/* Loads the low half of the first argument: flags, families and personas are 32-bit numbers. */
static void emit_load_argument(struct program *program)
{
	emit_load(program, offsetof(struct seccomp_data, args[0]));
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
	emit_load_argument(program);
	emit_jump(program, BPF_JSET, NAMESPACE_FLAGS, 0, 1);
	emit_return(program, DENY);
	emit_return(program, SECCOMP_RET_ALLOW);
}

/* A filter cannot see its flags, which lie in memory: "not implemented" makes the C library use clone. */
static void clone3_body(struct program *program)
{
	emit_return(program, SECCOMP_RET_ERRNO | ENOSYS);
}

static void personality_body(struct program *program)
{
	static const uint32_t allowed[] = {0, 0x8, 0x20000, 0x20008, 0xffffffff};
	emit_load_argument(program);
	for (size_t i = 0; i < LENGTH(allowed); i++) {
		emit_jump(program, BPF_JEQ, allowed[i], 0, 1);
		emit_return(program, SECCOMP_RET_ALLOW);
	}
	emit_return(program, DENY);
}

static void socket_body(struct program *program)
{
	emit_load_argument(program);
	for (size_t i = 0; i < LENGTH(denied_families); i++) {
		emit_jump(program, BPF_JEQ, denied_families[i], 0, 1);
		emit_return(program, DENY);
	}
	emit_return(program, SECCOMP_RET_ALLOW);
}

static void emit_architecture(struct program *program, const struct syscall_table *table)
{
	emit_load(program, offsetof(struct seccomp_data, arch));
	emit_jump(program, BPF_JEQ, table->architecture, 1, 0);
	unsigned short jump = program->length;
	emit(program, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
	emit_load(program, offsetof(struct seccomp_data, nr));
	emit_call(program, table->clone, clone_body);
	emit_call(program, table->clone3, clone3_body);
	emit_call(program, table->personality, personality_body);
	emit_call(program, table->socket, socket_body);
	emit_ranges(program, table->ranges, table->count);
	program->code[jump].k = (uint32_t)(program->length - jump - 1);
}

void install_seccomp(void)
{
	struct program *program = allocate(sizeof *program);
	for (size_t i = 0; i < LENGTH(syscall_tables); i++)
		emit_architecture(program, &syscall_tables[i]);
	emit_return(program, SECCOMP_RET_KILL_PROCESS);

	struct sock_fprog filter = {.len = program->length, .filter = program->code};
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &filter) < 0 &&
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0)
		fail_errno("exec/seccomp", "Cannot install the system call filter");
	free(program);
}
