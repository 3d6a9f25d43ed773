/*
 * The loader: the program that the kernel starts in the place of each program of a step. It maps
 * the step's program and the dynamic loader that this names, as exec does, and becomes it. Its own
 * calls are translated like everybody's, so that paths mean files of the image. It has no C
 * library, and no data but the record.
 */
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "calls.h"
#include "record.h"

#define MAX_HEADERS 64
#define EXIT_CANNOT_LOAD 127
#define SMALLEST_PAGE 4096

/* Linux 4.17. */
#define FIXED_NOREPLACE 0x100000

__attribute__((visibility("hidden"))) struct loader_record loader_record;

/* A program that is mapped. */
struct image {
	unsigned long bias, entry, headers;
	unsigned long header_count;
	const char *interpreter; /* a path, inside the mapped program; NULL for none */
	int needs_executable_stack;
};

static _Noreturn void give_up(void)
{
	static const char text[] = "tsbuild: cannot load the program\n";
	CALL(SYS_write, 2, text, sizeof text - 1, 0, 0, 0);
	for (;;)
		CALL(SYS_exit_group, EXIT_CANNOT_LOAD, 0, 0, 0, 0, 0);
}

static void clear(unsigned char *at, unsigned long size)
{
	for (volatile unsigned char *byte = at; byte < at + size; byte++)
		*byte = 0;
}

static long read_at(int fd, void *data, unsigned long size, unsigned long offset)
{
	return CALL(SYS_pread64, fd, data, size, offset, 0, 0);
}

static int protection_of(const Elf64_Phdr *header)
{
	return (header->p_flags & PF_R ? PROT_READ : 0) | (header->p_flags & PF_W ? PROT_WRITE : 0) |
	       (header->p_flags & PF_X ? PROT_EXEC : 0);
}

static unsigned long map(unsigned long address, unsigned long size, int protection, int flags, int fd,
                         unsigned long offset)
{
	unsigned long result = (unsigned long)CALL(SYS_mmap, address, size, protection, flags, fd, offset);
	if (result > -4096ul)
		give_up();
	return result;
}

/* The addresses that a program takes, and how they are aligned. */
struct span {
	unsigned long first, end, alignment;
};

static struct span span_of(const Elf64_Phdr *headers, unsigned count, unsigned long page)
{
	struct span span = {~0ul, 0, page};
	for (unsigned i = 0; i < count; i++) {
		if (headers[i].p_type != PT_LOAD)
			continue;
		if (headers[i].p_vaddr < span.first)
			span.first = headers[i].p_vaddr;
		if (headers[i].p_vaddr + headers[i].p_memsz > span.end)
			span.end = headers[i].p_vaddr + headers[i].p_memsz;
		if (headers[i].p_align > span.alignment && !(headers[i].p_align & (headers[i].p_align - 1)))
			span.alignment = headers[i].p_align;
	}
	if (span.end <= span.first)
		give_up();
	span.first &= ~(page - 1);
	span.end = (span.end + page - 1) & ~(page - 1);
	return span;
}

/* Reserves the addresses; returns how far the program is from those that it names. */
static unsigned long reserve(const struct span *span, int is_movable, unsigned long page)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	unsigned long size = span->end - span->first;
	if (!is_movable) {
		if (map(span->first, size, PROT_NONE, flags | FIXED_NOREPLACE, -1, 0) != span->first)
			give_up();
		return 0;
	}
	unsigned long more = span->alignment > page ? span->alignment : 0;
	unsigned long at = map(0, size + more, PROT_NONE, flags, -1, 0);
	unsigned long begin = (at + more) & ~(span->alignment - 1);
	if (begin > at)
		CALL(SYS_munmap, at, begin - at, 0, 0, 0, 0);
	if (at + more > begin)
		CALL(SYS_munmap, begin + size, at + more - begin, 0, 0, 0, 0);
	return begin - (span->first & ~(span->alignment - 1));
}

/* Maps a segment: what the file has of it, and zeros behind. */
static void map_segment(int fd, const Elf64_Phdr *header, unsigned long bias, unsigned long page)
{
	unsigned long start = (bias + header->p_vaddr) & ~(page - 1), shift = header->p_vaddr & (page - 1);
	unsigned long file_end = bias + header->p_vaddr + header->p_filesz;
	unsigned long end = (bias + header->p_vaddr + header->p_memsz + page - 1) & ~(page - 1);
	unsigned long whole = (file_end + page - 1) & ~(page - 1);
	int protection = protection_of(header);
	if (header->p_filesz)
		map(start, shift + header->p_filesz, protection, MAP_PRIVATE | MAP_FIXED, fd, header->p_offset - shift);
	else
		whole = start;
	if (end > whole)
		map(whole, end - whole, protection, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0);
	if (header->p_filesz && header->p_memsz > header->p_filesz && protection & PROT_WRITE)
		clear((unsigned char *)file_end, whole - file_end);
}

static void load_image(const char *path, unsigned long page, struct image *image)
{
	Elf64_Ehdr file;
	Elf64_Phdr headers[MAX_HEADERS];
	int fd = (int)CALL(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
	if (fd < 0 || read_at(fd, &file, sizeof file, 0) != sizeof file || file.e_phnum > MAX_HEADERS ||
	    file.e_phentsize != sizeof *headers ||
	    read_at(fd, headers, file.e_phnum * sizeof *headers, file.e_phoff) != (long)(file.e_phnum * sizeof *headers))
		give_up();
	struct span span = span_of(headers, file.e_phnum, page);
	image->bias = reserve(&span, file.e_type == ET_DYN, page);
	image->entry = image->bias + file.e_entry;
	image->header_count = file.e_phnum;
	image->headers = 0;
	image->interpreter = 0;
	image->needs_executable_stack = 0;
	for (unsigned i = 0; i < file.e_phnum; i++) {
		const Elf64_Phdr *header = &headers[i];
		if (header->p_type == PT_LOAD) {
			map_segment(fd, header, image->bias, page);
			if (file.e_phoff >= header->p_offset && file.e_phoff < header->p_offset + header->p_filesz)
				image->headers = image->bias + file.e_phoff - header->p_offset + header->p_vaddr;
		} else if (header->p_type == PT_INTERP) {
			image->interpreter = (const char *)(image->bias + header->p_vaddr);
		} else if (header->p_type == PT_GNU_STACK) {
			image->needs_executable_stack = header->p_flags & PF_X;
		}
	}
	CALL(SYS_close, fd, 0, 0, 0, 0, 0);
}

/* The stack that a program begins with. */
struct stack {
	unsigned long count;
	char **arguments;
	unsigned long *end; /* behind the auxiliary vector */
	Elf64_auxv_t *auxiliary;
};

static struct stack read_stack(unsigned long *at)
{
	struct stack stack = {.count = at[0], .arguments = (char **)(at + 1)};
	char **variable = stack.arguments + stack.count + 1;
	while (*variable)
		variable++;
	stack.auxiliary = (Elf64_auxv_t *)(variable + 1);
	Elf64_auxv_t *last = stack.auxiliary;
	while (last->a_type != AT_NULL)
		last++;
	stack.end = (unsigned long *)(last + 1);
	return stack;
}

/*
 * Puts the words of a script's interpreter in the place of the first argument. Everything moves
 * down, into the room that start.S left. Returns where the stack begins now.
 */
static unsigned long *put_words(unsigned long *at, const struct stack *stack)
{
	unsigned long added = loader_record.word_count, dropped = stack->count ? 1 : 0;
	if (!added)
		return at;
	unsigned long shift = added - dropped, room = (shift + 1) & ~1ul;
	unsigned long *to = at - room;
	const char *word = loader_record.words;
	volatile unsigned long *next = to;
	*next++ = stack->count + shift;
	for (unsigned long i = 0; i < added; i++) {
		*next++ = (unsigned long)word;
		while (*word++)
			;
	}
	for (unsigned long *rest = at + 1 + dropped; rest < stack->end; rest++)
		*next++ = *rest;
	return to;
}

static unsigned long find_value(const struct stack *stack, unsigned long type, unsigned long usual)
{
	for (Elf64_auxv_t *at = stack->auxiliary; at->a_type != AT_NULL; at++)
		if (at->a_type == type)
			return at->a_un.a_val;
	return usual;
}

static void fill_auxiliary(struct stack *stack, const struct image *program, unsigned long base)
{
	for (Elf64_auxv_t *at = stack->auxiliary; at->a_type != AT_NULL; at++) {
		switch (at->a_type) {
		case AT_PHDR: at->a_un.a_val = program->headers; break;
		case AT_PHNUM: at->a_un.a_val = program->header_count; break;
		case AT_PHENT: at->a_un.a_val = sizeof(Elf64_Phdr); break;
		case AT_ENTRY: at->a_un.a_val = program->entry; break;
		case AT_BASE: at->a_un.a_val = base; break;
		case AT_EXECFN: at->a_un.a_val = (unsigned long)loader_record.name; break;
		case AT_SECURE: at->a_un.a_val = loader_record.is_set_id; break;
		default: break;
		}
	}
}

/* Gives the process the name that exec would have given it. */
static void take_name(const char *path)
{
	const char *name = path;
	for (; *path; path++)
		if (*path == '/')
			name = path + 1;
	CALL(SYS_prctl, PR_SET_NAME, name, 0, 0, 0, 0);
}

/* Loads everything; returns where to go on, and writes with which stack. */
unsigned long load(unsigned long *at, unsigned long *new_stack)
{
	struct stack stack = read_stack(at);
	struct image program, interpreter;
	unsigned long page = find_value(&stack, AT_PAGESZ, SMALLEST_PAGE), base = 0;
	unsigned long *to = put_words(at, &stack);
	if (to != at)
		stack = read_stack(to);
	load_image(loader_record.program, page, &program);
	unsigned long entry = program.entry;
	if (program.interpreter) {
		load_image(program.interpreter, page, &interpreter);
		base = interpreter.bias;
		entry = interpreter.entry;
	}
	if (program.needs_executable_stack)
		CALL(SYS_mprotect, (unsigned long)to & ~(page - 1), page, PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN, 0, 0, 0);
	fill_auxiliary(&stack, &program, base);
	take_name(loader_record.name);
	*new_stack = (unsigned long)to;
	return entry;
}
