#include "seccomp/bpf.h"

#include <linux/seccomp.h>
#include <stddef.h>

#include "base/util.h"

/* Distance of a jump to the next instruction, and to the one after it. */
#define NEXT 0
#define OVER_ONE 1

struct program *new_program(void) { return allocate(sizeof(struct program)); }

static unsigned short emit(struct program *program, struct sock_filter instruction)
{
	if (program->length == MAX_INSTRUCTIONS)
		fail("exec/internal", "The system call filter is too long");
	program->code[program->length] = instruction;
	return program->length++;
}

void emit_return(struct program *program, uint32_t action)
{
	emit(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static void emit_load(struct program *program, size_t offset)
{
	emit(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

void emit_load_architecture(struct program *program) { emit_load(program, offsetof(struct seccomp_data, arch)); }
void emit_load_number(struct program *program) { emit_load(program, offsetof(struct seccomp_data, nr)); }

/*
 * Returns where an argument is; the low half comes first, as both architectures are little-endian.
 */
static size_t offset_of(unsigned argument)
{
	return offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t);
}

void emit_load_low(struct program *program, unsigned argument) { emit_load(program, offset_of(argument)); }

void emit_load_high(struct program *program, unsigned argument)
{
	emit_load(program, offset_of(argument) + sizeof(uint32_t));
}

static unsigned short emit_test(struct program *program, unsigned short test, uint32_t value, unsigned char when_true,
                                unsigned char when_false)
{
	unsigned short code = (unsigned short)(BPF_JMP | test | BPF_K);
	return emit(program, (struct sock_filter)BPF_JUMP(code, value, when_true, when_false));
}

static void add_jump(struct label *label, unsigned short at, enum branch branch)
{
	if (label->count == MAX_JUMPS)
		fail("exec/internal", "The system call filter has too many jumps to one place");
	label->jumps[label->count++] = (struct jump){at, branch};
}

void jump_if(struct program *program, unsigned short test, uint32_t value, struct label *label)
{
	add_jump(label, emit_test(program, test, value, NEXT, NEXT), WHEN_TRUE);
}

void jump_unless(struct program *program, unsigned short test, uint32_t value, struct label *label)
{
	add_jump(label, emit_test(program, test, value, NEXT, NEXT), WHEN_FALSE);
}

static void emit_far_jump(struct program *program, struct label *label)
{
	add_jump(label, emit(program, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, NEXT)), ALWAYS);
}

void far_jump_if(struct program *program, unsigned short test, uint32_t value, struct label *label)
{
	emit_test(program, test, value, NEXT, OVER_ONE);
	emit_far_jump(program, label);
}

void far_jump_unless(struct program *program, unsigned short test, uint32_t value, struct label *label)
{
	emit_test(program, test, value, OVER_ONE, NEXT);
	emit_far_jump(program, label);
}

void return_if(struct program *program, unsigned short test, uint32_t value, uint32_t action)
{
	emit_test(program, test, value, NEXT, OVER_ONE);
	emit_return(program, action);
}

void place(struct program *program, struct label *label)
{
	for (unsigned i = 0; i < label->count; i++) {
		struct sock_filter *instruction = &program->code[label->jumps[i].at];
		unsigned distance = (unsigned)program->length - label->jumps[i].at - 1;
		if (label->jumps[i].branch == ALWAYS) {
			instruction->k = distance;
			continue;
		}
		if (distance > UINT8_MAX)
			fail("exec/internal", "The system call filter has a jump that is too long");
		*(label->jumps[i].branch == WHEN_TRUE ? &instruction->jt : &instruction->jf) = (unsigned char)distance;
	}
}
