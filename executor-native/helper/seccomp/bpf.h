/*
 * An assembler for the programs that decide about system calls (classic BPF over struct
 * seccomp_data). Jumps go forward to labels, which are placed after them:
 *
 *     struct label done = {0};
 *     jump_unless(program, BPF_JEQ, number, &done);
 *     emit_return(program, SECCOMP_RET_ALLOW);
 *     place(program, &done);
 */
#ifndef TSBUILD_SECCOMP_BPF_H
#define TSBUILD_SECCOMP_BPF_H

#include <linux/filter.h>
#include <stdint.h>

#define MAX_INSTRUCTIONS 4096
#define MAX_JUMPS 4

struct program {
	struct sock_filter code[MAX_INSTRUCTIONS];
	unsigned short length;
};

/* A position that the jumps collected here lead to once it is placed. */
struct label {
	struct jump {
		unsigned short at;
		enum branch { WHEN_TRUE, WHEN_FALSE, ALWAYS } branch;
	} jumps[MAX_JUMPS];
	unsigned count;
};

/* Returns an empty program, to be freed. */
struct program *new_program(void);

/* Ends the program with an action: SECCOMP_RET_…. */
void emit_return(struct program *program, uint32_t action);

/* Loads a part of the call into the accumulator, which all tests are about. */
void emit_load_architecture(struct program *program);
void emit_load_number(struct program *program);
void emit_load_low(struct program *program, unsigned argument);
void emit_load_high(struct program *program, unsigned argument);

/*
 * Jumps when the test (BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JSET) of the accumulator against the value is
 * true, or unless it is. Such a jump has 8 bits: it leads over 255 instructions at most.
 */
void jump_if(struct program *program, unsigned short test, uint32_t value, struct label *label);
void jump_unless(struct program *program, unsigned short test, uint32_t value, struct label *label);

/* Jumps as jump_if does, over any distance, at the price of an instruction more. */
void far_jump_if(struct program *program, unsigned short test, uint32_t value, struct label *label);
void far_jump_unless(struct program *program, unsigned short test, uint32_t value, struct label *label);

/* Ends the program with the action when the test is true. */
void return_if(struct program *program, unsigned short test, uint32_t value, uint32_t action);

/* Makes all jumps to the label lead to the next instruction. */
void place(struct program *program, struct label *label);

#endif
