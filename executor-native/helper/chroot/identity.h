/*
 * The caller's memory, and its rights over files, which a monitor without CAP_SYS_PTRACE has only
 * with the caller's own ids.
 */
#ifndef TSBUILD_CHROOT_IDENTITY_H
#define TSBUILD_CHROOT_IDENTITY_H

#include "supervisor/call.h"

struct caller {
	pid_t process; /* that the calling thread is of */
	uint32_t user, group;             /* real */
	uint32_t files_user, files_group; /* by which files are opened */
	uint64_t capabilities;            /* effective */
	uint32_t umask;
};

/* Reads the ids and capabilities of the caller; false when the caller is gone. */
bool read_identity(const struct call *call, struct caller *identity);

/* Takes over, and gives back, the caller's ids by which files are opened. */
void take_identity(const struct caller *identity);
void end_identity(void);

/* Takes over, and gives back, the caller's ids and capabilities, for changes of files. */
void take_rights(const struct caller *identity);
void end_rights(void);

/* Reads a text of the caller with its NUL; false when it cannot be read or is too long. */
bool read_step_text(const struct call *call, uint64_t address, char *text, size_t room);
bool read_step_memory(const struct call *call, uint64_t address, void *data, size_t size);
bool write_step_memory(const struct call *call, uint64_t address, const void *data, size_t size);

#endif
