#include "supervisor/registers.h"

#include <elf.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

bool read_registers(pid_t thread, registers *registers)
{
	struct iovec room = {registers->items, sizeof registers->items};
	bool is_read = ptrace(PTRACE_GETREGSET, thread, NT_PRSTATUS, &room) == 0;
	registers->size = room.iov_len;
	return is_read;
}

bool write_registers(pid_t thread, const registers *registers)
{
	struct iovec room = {(void *)registers->items, registers->size};
	return ptrace(PTRACE_SETREGSET, thread, NT_PRSTATUS, &room) == 0;
}

#if defined(__x86_64__)

enum { R10 = 7, R9, R8, RAX, RDX = 12, RSI, RDI, NUMBER, POSITION };

/* The registers of a call's arguments, in their order. */
static const int argument_registers[] = {RDI, RSI, RDX, R10, R8, R9};

/*
 * The length of the system call instruction, and the number that keeps the kernel from restarting a
 * call.
 */
#define INSTRUCTION 2
#define NO_CALL_HERE (~0ull)

void repeat_call(registers *registers)
{
	registers->items[POSITION] -= INSTRUCTION;
	registers->items[RAX] = SYS_getpgid;
	registers->items[NUMBER] = NO_CALL_HERE;
}

bool replace_call(pid_t thread, registers *registers, long number, const uint64_t arguments[6])
{
	for (int i = 0; i < 6; i++)
		registers->items[argument_registers[i]] = arguments[i];
	registers->items[NUMBER] = (uint64_t)number;
	return write_registers(thread, registers);
}

int64_t result_in(const registers *registers) { return (int64_t)registers->items[RAX]; }

void set_result(registers *registers, int64_t value)
{
	registers->items[RAX] = (uint64_t)value;
	registers->items[NUMBER] = NO_CALL_HERE;
}

#else

enum { NUMBER = 8, POSITION = 32 };

#define INSTRUCTION 4

/* The set of registers that holds the number of the call that is beginning. */
#define NT_CALL_NUMBER 0x404

void repeat_call(registers *registers)
{
	registers->items[POSITION] -= INSTRUCTION;
	registers->items[NUMBER] = SYS_getpgid;
}

bool replace_call(pid_t thread, registers *registers, long number, const uint64_t arguments[6])
{
	int call = (int)number;
	struct iovec room = {&call, sizeof call};
	for (int i = 0; i < 6; i++)
		registers->items[i] = arguments[i];
	registers->items[NUMBER] = (uint64_t)number;
	return write_registers(thread, registers) && ptrace(PTRACE_SETREGSET, thread, NT_CALL_NUMBER, &room) == 0;
}

int64_t result_in(const registers *registers) { return (int64_t)registers->items[0]; }
void set_result(registers *registers, int64_t value) { registers->items[0] = (uint64_t)value; }

#endif

uint64_t position_in(const registers *registers) { return registers->items[POSITION]; }
