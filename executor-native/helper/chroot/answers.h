/* The system calls of a step that its monitor answers. */
#ifndef TSBUILD_CHROOT_ANSWERS_H
#define TSBUILD_CHROOT_ANSWERS_H

#include "spec/spec.h"
#include "supervisor/call.h"

/* Everything that an answer depends on. */
struct monitor {
	const struct spec *spec;
	int root; /* of the step (O_PATH) */
	const char *root_path;
	pid_t pid;
	bool lends_devices; /* the root could have none of its own */
	struct terminals *terminals; /* NULL where the step can have none */
	struct handed *handed;
	bool *has_devices; /* the root has device nodes */
	bool *may_have_changed; /* the step made a call that may change files */

	/* Answers to calls with paths (see supervised/translated.h); NULL in a chroot. */
	struct translated *translated;
	bool (*find_exe)(const struct monitor *monitor, pid_t process, char path[]);
};

/* Answers the next call; `listener` is the filter's descriptor. */
void answer_next(const struct monitor *monitor, int listener);

/* Makes the kernel hand over calls faster, where it can. */
void prefer_quick_answers(int listener);

/*
 * Installs the filter that asks the monitor, and hands its descriptor over. The command calls it.
 */
void install_asking_filter(const struct spec *spec, int control);

/* Processes (guard.c). */
struct answer answer_signal(const struct monitor *monitor, const struct call *call);
struct answer answer_process(const struct monitor *monitor, const struct call *call);
struct answer answer_trace(const struct monitor *monitor, const struct call *call);
struct answer answer_priority(const struct monitor *monitor, const struct call *call);
struct answer answer_ioprio(const struct monitor *monitor, const struct call *call);
struct answer answer_descriptor_owner(const struct monitor *monitor, const struct call *call);
struct answer answer_chroot(const struct monitor *monitor, const struct call *call);
struct answer answer_uname(const struct monitor *monitor, const struct call *call);
struct answer answer_dumpable(const struct monitor *monitor, const struct call *call);

/* Files of /proc and /sys (outside-calls.c). */
struct answer answer_open_outside(const struct monitor *monitor, const struct call *call);
struct answer answer_openat_outside(const struct monitor *monitor, const struct call *call);
struct answer answer_openat2_outside(const struct monitor *monitor, const struct call *call);
struct answer answer_stat_outside(const struct monitor *monitor, const struct call *call);
struct answer answer_lstat_outside(const struct monitor *monitor, const struct call *call);
struct answer answer_fstatat_outside(const struct monitor *monitor, const struct call *call);
struct answer answer_statx_outside(const struct monitor *monitor, const struct call *call);
struct answer answer_access_outside(const struct monitor *monitor, const struct call *call);
struct answer answer_accessat_outside(const struct monitor *monitor, const struct call *call);
struct answer answer_readlink_outside(const struct monitor *monitor, const struct call *call);
struct answer answer_readlinkat_outside(const struct monitor *monitor, const struct call *call);

/* Device nodes (devices.c). */
struct answer answer_mknod_inside(const struct monitor *monitor, const struct call *call);
struct answer answer_mknodat_inside(const struct monitor *monitor, const struct call *call);

/* Changes of owners, modes, times and attributes (attributes.c). */
struct answer answer_chmod_outside(const struct monitor *monitor, const struct call *call);
struct answer answer_fchmod_outside(const struct monitor *monitor, const struct call *call);
struct answer answer_fchmodat_outside(const struct monitor *monitor, const struct call *call);
struct answer answer_fchmodat2_outside(const struct monitor *monitor, const struct call *call);
struct answer answer_chown_outside(const struct monitor *monitor, const struct call *call);
struct answer answer_lchown_outside(const struct monitor *monitor, const struct call *call);
struct answer answer_fchown_outside(const struct monitor *monitor, const struct call *call);
struct answer answer_fchownat_outside(const struct monitor *monitor, const struct call *call);
struct answer answer_utimensat_outside(const struct monitor *monitor, const struct call *call);
struct answer answer_futimesat_outside(const struct monitor *monitor, const struct call *call);
struct answer answer_fsetxattr_outside(const struct monitor *monitor, const struct call *call);
struct answer answer_fremovexattr_outside(const struct monitor *monitor, const struct call *call);
/* Changes of times by 32-bit programs, whose times have other forms. */
struct answer answer_utimensat_outside_32(const struct monitor *monitor, const struct call *call);
struct answer answer_futimesat_outside_32(const struct monitor *monitor, const struct call *call);

#endif
