#include "supervised/loader-image.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"

#define CODE "exec/sandbox-setup"

/* Linux 6.3: the file may be run. Older kernels know no other files. */
#define MEMFD_EXECUTABLE 0x10u

/* The bytes of the program, which scripts/build-helper.mjs compiles first. */
__asm__(".pushsection .rodata\n"
        ".balign 8\n"
        ".globl loader_begin, loader_end\n"
        "loader_begin: .incbin \"" LOADER_FILE "\"\n"
        "loader_end:\n"
        ".popsection");
extern const char loader_begin[], loader_end[];

/* Returns the number in front of the entry. */
static int64_t read_distance(void)
{
	Elf64_Ehdr file;
	int64_t distance = 0;
	memcpy(&file, loader_begin, sizeof file);
	for (unsigned i = 0; i < file.e_phnum; i++) {
		Elf64_Phdr header;
		memcpy(&header, loader_begin + file.e_phoff + i * sizeof header, sizeof header);
		if (header.p_type == PT_LOAD && file.e_entry >= header.p_vaddr && file.e_entry < header.p_vaddr + header.p_filesz)
			memcpy(&distance, loader_begin + file.e_entry - header.p_vaddr + header.p_offset - sizeof distance, sizeof distance);
	}
	return distance;
}

void make_loader(struct loader *loader)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	struct stat status;
	loader->fd = memfd_create("tsbuild", flags | MEMFD_EXECUTABLE);
	if (loader->fd < 0)
		loader->fd = memfd_create("tsbuild", flags);
	if (loader->fd < 0)
		fail_errno(CODE, "Cannot make the file of the loader");
	write_all(loader->fd, loader_begin, (size_t)(loader_end - loader_begin), "loader");
	if (fcntl(loader->fd, F_ADD_SEALS, seals) < 0 || fstat(loader->fd, &status) < 0)
		fail_errno(CODE, "Cannot seal the file of the loader");
	loader->device = status.st_dev;
	loader->inode = status.st_ino;
	loader->to_record = read_distance();
}
