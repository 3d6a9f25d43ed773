#include "supervised/program.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/short-path.h"
#include "chroot/outside.h"
#include "supervised/translated.h"

/*
 * The bytes of a file that the kernel reads, and the number of scripts that may interpret each
 * other.
 */
#define HEAD_SIZE 256
#define MAX_SCRIPTS 5

#define MAX_HEADERS 64

#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#else
#define OWN_MACHINE EM_AARCH64
#endif

/* Words that come in the place of the first argument, the last script's first. */
struct words {
	char text[LOADER_WORDS_ROOM];
	size_t size;
	uint32_t count;
};

static bool put_first(struct words *words, const char *word)
{
	size_t size = strlen(word) + 1;
	if (words->size + size > sizeof words->text)
		return false;
	memmove(words->text + size, words->text, words->size);
	memcpy(words->text, word, size);
	words->size += size;
	words->count++;
	return true;
}

/* Reads the beginning of a file that may be run; returns its size or a negative errno. */
static ssize_t read_head(const struct monitor *monitor, int held, char head[HEAD_SIZE + 1], struct program *program)
{
	struct stat status;
	if (fstat(held, &status) < 0)
		return -errno;
	see(monitor->translated->looks, held, &status);
	if (!S_ISREG(status.st_mode) || !(status.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)))
		return -EACCES;
	program->ids = (struct set_ids){
		.sets_user = status.st_mode & S_ISUID,
		.sets_group = (status.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP),
		.owner = {status.st_uid, status.st_gid},
	};
	cleanup_fd int fd = open(proc_path_of(held).text, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t size = fd < 0 ? -1 : pread(fd, head, HEAD_SIZE, 0);
	head[size > 0 ? size : 0] = 0;
	return size < 0 ? -errno : size;
}

/* Cuts the line of a script into its interpreter and the one argument that may follow. */
static bool read_line(char *head, char **interpreter, char **argument)
{
	const char *const blanks = " \t";
	char *line = head + strlen("#!");
	line[strcspn(line, "\n")] = 0;
	for (size_t end = strlen(line); end && strchr(blanks, line[end - 1]);)
		line[--end] = 0;
	*interpreter = line + strspn(line, blanks);
	char *end = *interpreter + strcspn(*interpreter, blanks);
	*argument = *end ? end + 1 + strspn(end + 1, blanks) : NULL;
	*end = 0;
	return **interpreter != 0;
}

/* Returns true when a program of this processor can be loaded: its dynamic loader must be there. */
static int check_binary(const struct monitor *monitor, int held, const char *head, ssize_t size)
{
	Elf64_Ehdr file;
	Elf64_Phdr headers[MAX_HEADERS];
	char loader[PATH_MAX];
	if (size < (ssize_t)sizeof file)
		return -ENOEXEC;
	memcpy(&file, head, sizeof file);
	if (memcmp(file.e_ident, ELFMAG, SELFMAG) != 0 || file.e_ident[EI_CLASS] != ELFCLASS64 ||
	    file.e_machine != OWN_MACHINE || (file.e_type != ET_EXEC && file.e_type != ET_DYN) ||
	    file.e_phentsize != sizeof *headers || file.e_phnum > MAX_HEADERS)
		return -ENOEXEC;
	cleanup_fd int fd = open(proc_path_of(held).text, O_RDONLY | O_CLOEXEC);
	ssize_t room = (ssize_t)(file.e_phnum * sizeof *headers);
	if (fd < 0 || pread(fd, headers, (size_t)room, (off_t)file.e_phoff) != room)
		return -ENOEXEC;
	for (unsigned i = 0; i < file.e_phnum; i++) {
		if (headers[i].p_type != PT_INTERP)
			continue;
		if (headers[i].p_filesz < 2 || headers[i].p_filesz > sizeof loader ||
		    pread(fd, loader, headers[i].p_filesz, (off_t)headers[i].p_offset) != (ssize_t)headers[i].p_filesz ||
		    loader[headers[i].p_filesz - 1] || loader[0] != '/')
			return -ENOEXEC;
		cleanup_fd int there = open_in_root(monitor, loader, 0);
		return there < 0 ? there : 0;
	}
	return 0;
}

/* Returns true for a program of the other processor that the step has an emulator for. */
static bool is_emulated(const struct spec *spec, const char *head, ssize_t size)
{
	Elf64_Ehdr file; /* the part that is read is the same in headers of 32 bits */
	if (!spec->emulator || size < (ssize_t)sizeof(Elf32_Ehdr))
		return false;
	memcpy(&file, head, sizeof(Elf32_Ehdr));
	uint16_t machine = file.e_ident[EI_DATA] == ELFDATA2MSB ? be16toh(file.e_machine) : le16toh(file.e_machine);
	return memcmp(file.e_ident, ELFMAG, SELFMAG) == 0 && file.e_ident[EI_VERSION] == EV_CURRENT && machine == spec->emulated;
}

/*
 * Puts the emulator in the place of a program that it runs. The program's set-id bits count, as
 * those of registrations with the flag C do.
 */
static int follow_emulator(const struct monitor *monitor, int *held, const char *script, struct program *program,
                           struct words *words)
{
	char head[HEAD_SIZE + 1];
	const struct set_ids ids = program->ids;
	if ((!words->count && !put_first(words, script)) || !put_first(words, monitor->spec->emulator))
		return -E2BIG;
	close_fd_behind(held);
	*held = open_in_root(monitor, monitor->spec->emulator, 0);
	if (*held < 0)
		return *held;
	ssize_t size = read_head(monitor, *held, head, program);
	program->ids = ids;
	return size < 0 ? (int)size : check_binary(monitor, *held, head, size);
}

/*
 * Follows the interpreters of scripts. `held` is the script at first, and the last interpreter
 * then.
 */
static int follow_scripts(const struct monitor *monitor, const struct call *call, int *held, const char *name,
                          struct program *program, struct words *words)
{
	char head[HEAD_SIZE + 1], *interpreter, *argument, script[PATH_MAX];
	struct buffer first = BUFFER_IN(script);
	append(&first, "%s", name);
	for (int scripts = 0;; scripts++) {
		ssize_t size = read_head(monitor, *held, head, program);
		if (size < 0)
			return (int)size;
		if (is_emulated(monitor->spec, head, size))
			return follow_emulator(monitor, held, script, program, words);
		if (strncmp(head, "#!", strlen("#!")) != 0)
			return check_binary(monitor, *held, head, size);
		if (scripts == MAX_SCRIPTS)
			return -ELOOP;
		if (!read_line(head, &interpreter, &argument))
			return -ENOEXEC;
		if ((scripts == 0 && !put_first(words, script)) || (argument && !put_first(words, argument)) ||
		    !put_first(words, interpreter))
			return -E2BIG;
		close_fd_behind(held);
		char whole[PATH_MAX], start[PATH_MAX];
		start[0] = 0;
		if (interpreter[0] != '/' && !find_start(monitor, call, AT_FDCWD, start))
			return -ENOENT;
		struct buffer path = BUFFER_IN(whole);
		append(&path, "%s/%s", start, interpreter);
		*held = open_in_root(monitor, whole, 0);
		if (*held < 0)
			return *held;
	}
}

/* Writes the name that exec was called with, as the kernel gives it to programs and scripts. */
static bool read_call_name(const struct call *call, struct step_path path, struct program *program)
{
	char text[PATH_MAX];
	struct buffer name = BUFFER_IN(program->record.name);
	text[0] = 0;
	if (path.address && !read_text(call, path.address, text, sizeof text))
		return false;
	program->empty = path.address + strlen(text);
	if (path.directory == AT_FDCWD || text[0] == '/')
		append(&name, "%s", text);
	else
		append(&name, "/dev/fd/%d%s%s", path.directory, text[0] ? "/" : "", text);
	return true;
}

int find_program(const struct monitor *monitor, const struct call *call, struct step_path path, struct program *program)
{
	struct words words = {.size = 0};
	memset(program, 0, sizeof *program);
	if (!read_call_name(call, path, program))
		return -EFAULT;
	cleanup_fd int held = hold_path(monitor, call, path);
	if (held < 0)
		return held;
	int error = follow_scripts(monitor, call, &held, program->record.name, program, &words);
	if (error)
		return error;
	if (!path_of(monitor, held, program->record.program))
		return -EACCES;
	program->record.word_count = words.count;
	memcpy(program->record.words, words.text, words.size);
	program->record.is_set_id = program->ids.sets_user || program->ids.sets_group;
	return 0;
}
