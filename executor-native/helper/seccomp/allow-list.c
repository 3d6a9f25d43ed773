#include "seccomp/allow-list.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/socket.h>

#include "base/util.h"

#define ALLOW SECCOMP_RET_ALLOW
#define DENY (SECCOMP_RET_ERRNO | EPERM)
#define NOT_THERE (SECCOMP_RET_ERRNO | ENOSYS)

#define NAMESPACE_FLAGS \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

/* Personalities that change nothing but what uname(2) says; all ones asks for the present one. */
static const uint32_t allowed_personalities[] = {PER_LINUX, PER_LINUX32, UNAME26, UNAME26 | PER_LINUX32, 0xffffffff};

/*
 * Address families that are refused: those without a namespace of their own or with a record of
 * holes, as Docker has it. AF_VSOCK leads out of a virtual machine.
 */
static const uint32_t denied_families[] = {
	AF_DECnet, AF_ECONET, AF_ATMSVC, AF_IRDA, AF_WANPIPE, AF_ISDN, AF_CAIF, AF_ALG, AF_VSOCK,
};

/*
 * Emits a search tree over the sorted ranges of allowed numbers; the number is in the accumulator.
 */
static void emit_ranges(struct program *program, const struct syscall_range *ranges, size_t count)
{
	struct label deny = {0}, upper = {0};
	if (count == 1) {
		jump_unless(program, BPF_JGE, ranges[0].first, &deny);
		jump_if(program, BPF_JGT, ranges[0].last, &deny);
		emit_return(program, ALLOW);
		place(program, &deny);
		emit_return(program, DENY);
		return;
	}
	size_t half = count / 2;
	far_jump_if(program, BPF_JGE, ranges[half].first, &upper);
	emit_ranges(program, ranges, half);
	place(program, &upper);
	emit_ranges(program, ranges + half, count - half);
}

/* Allows processes and threads, but no namespaces. */
static void clone_body(struct program *program)
{
	emit_load_low(program, 0);
	return_if(program, BPF_JSET, NAMESPACE_FLAGS, DENY);
	emit_return(program, ALLOW);
}

/*
 * Hides the call: its flags lie in memory, where a filter cannot see them. C libraries then use
 * clone.
 */
static void clone3_body(struct program *program) { emit_return(program, NOT_THERE); }

/*
 * Hides the call: its arguments lie in memory, where a filter cannot see the family of addresses. C
 * libraries that know both (musl) then use socket(2); 32-bit programs of others are without a
 * network.
 */
static void socketcall_body(struct program *program) { emit_return(program, NOT_THERE); }

static void personality_body(struct program *program)
{
	emit_load_low(program, 0);
	for (size_t i = 0; i < LENGTH(allowed_personalities); i++)
		return_if(program, BPF_JEQ, allowed_personalities[i], ALLOW);
	emit_return(program, DENY);
}

static void socket_body(struct program *program)
{
	emit_load_low(program, 0);
	for (size_t i = 0; i < LENGTH(denied_families); i++)
		return_if(program, BPF_JEQ, denied_families[i], DENY);
	emit_return(program, ALLOW);
}

static void emit_call(struct program *program, uint32_t number, void (*body)(struct program *))
{
	struct label next = {0};
	far_jump_unless(program, BPF_JEQ, number, &next);
	body(program);
	place(program, &next);
}

void emit_allow_list(struct program *program, const struct syscall_table *table)
{
	emit_call(program, table->clone, clone_body);
	emit_call(program, table->clone3, clone3_body);
	emit_call(program, table->personality, personality_body);
	emit_call(program, table->socket, socket_body);
	if (table->socketcall != NO_CALL)
		emit_call(program, table->socketcall, socketcall_body);
	emit_ranges(program, table->ranges, table->count);
}
