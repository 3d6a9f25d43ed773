/*
 * The entry of the loader: calls load() with the stack that the kernel made, on a stack below it,
 * and goes where load() says. The number in front of it leads the supervisor to the record.
 */
	.text
	.balign 16
	.quad loader_record - _start
	.globl _start
_start:
#if defined(__x86_64__)
	mov %rsp, %rdi
	sub $8192, %rsp
	and $-16, %rsp
	sub $16, %rsp
	mov %rsp, %rsi
	call load
	mov (%rsp), %rcx
	mov %rcx, %rsp
	xor %edx, %edx
	jmp *%rax
#elif defined(__aarch64__)
	mov x0, sp
	sub sp, sp, #8192
	sub sp, sp, #16
	mov x1, sp
	bl load
	mov x16, x0
	ldr x1, [sp]
	mov sp, x1
	mov x0, #0
	br x16
#endif
	.section .note.GNU-stack, "", %progbits
