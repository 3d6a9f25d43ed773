/* The registers of a process that stands still, as far as system calls are concerned. */
#ifndef TSBUILD_SUPERVISOR_REGISTERS_H
#define TSBUILD_SUPERVISOR_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Registers in the form of the kernel's set NT_PRSTATUS. */
#define REGISTER_ROOM 34
typedef struct {
	uint64_t items[REGISTER_ROOM];
	size_t size; /* in bytes */
} registers;

bool read_registers(pid_t thread, registers *registers);
bool write_registers(pid_t thread, const registers *registers);

/* Goes back to the instruction of the call that just ended, and asks for a harmless one. */
void repeat_call(registers *registers);

/* Makes the call that is just beginning another one. */
bool replace_call(pid_t thread, registers *registers, long number, const uint64_t arguments[6]);

/* The result of a call that ended, or a negative errno. */
int64_t result_in(const registers *registers);
void set_result(registers *registers, int64_t value);

/* The address of the next instruction. */
uint64_t position_in(const registers *registers);

#endif
