#include "seccomp/chroot-filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/util.h"
#include "seccomp/allow-list.h"
#include "seccomp/changing.h"
#include "seccomp/program.h"

#define DENY (SECCOMP_RET_ERRNO | EPERM)
#define NOT_THERE (SECCOMP_RET_ERRNO | ENOSYS)
#define NO_FAMILY (SECCOMP_RET_ERRNO | EAFNOSUPPORT)
#define NO_OPTION (SECCOMP_RET_ERRNO | ENOPROTOOPT)
#define ASK SECCOMP_RET_USER_NOTIF

/* FIOSETOWN of ioctl(2), which some older headers lack. */
#define SET_OWNER 0x8901

/* Options of sockets of Linux 6.5: SO_PEERPIDFD, SO_PASSPIDFD. */
#define PEER_DESCRIPTOR 77
#define PASS_DESCRIPTORS 76

/* The argument of execveat(2) that the kernel does not read. */
#define COOKIE_ARGUMENT 5

/* Linux 6.8, 6.13. */
#define NR_STATMOUNT 457
#define NR_LISTMOUNT 458
#define NR_SETXATTRAT 463
#define NR_GETXATTRAT 464
#define NR_LISTXATTRAT 465
#define NR_REMOVEXATTRAT 466

/*
 * Calls of 32-bit programs of 64-bit images that would need a question. Their numbers are other
 * ones, and whoever answers does not see their arguments; they are refused.
 */
#if defined(__x86_64__)
static const uint32_t denied_32_bit[] = {
	14 /* mknod */,       26 /* ptrace */,          37 /* kill */,           61 /* chroot */,        97 /* setpriority */,
	154 /* sched_setparam */, 156 /* sched_setscheduler */, 178 /* rt_sigqueueinfo */, 238 /* tkill */, 241 /* sched_setaffinity */,
	289 /* ioprio_set */, 294 /* migrate_pages */,  297 /* mknodat */,       317 /* move_pages */,   335 /* rt_tgsigqueueinfo */,
	340 /* prlimit64 */,  347, 348 /* process_vm_* */, 349 /* kcmp */,       351 /* sched_setattr */, 424 /* pidfd_send_signal */,
	434 /* pidfd_open */, 440 /* process_madvise */, 448 /* process_mrelease */,
};
#define FCNTL_32_BIT 55
#define FCNTL64_32_BIT 221
#define IOCTL_32_BIT 54
#define FCHOWN16_32_BIT 95 /* with ids of 16 bits */
#define TGKILL_32_BIT 270
#else
static const uint32_t denied_32_bit[] = {
	14 /* mknod */,       26 /* ptrace */,          37 /* kill */,           61 /* chroot */,        97 /* setpriority */,
	154 /* sched_setparam */, 156 /* sched_setscheduler */, 178 /* rt_sigqueueinfo */, 238 /* tkill */, 241 /* sched_setaffinity */,
	314 /* ioprio_set */, 324 /* mknodat */,        344 /* move_pages */,    363 /* rt_tgsigqueueinfo */, 369 /* prlimit64 */,
	376, 377 /* process_vm_* */, 378 /* kcmp */,    380 /* sched_setattr */, 400 /* migrate_pages */, 424 /* pidfd_send_signal */,
	434 /* pidfd_open */, 440 /* process_madvise */, 448 /* process_mrelease */,
};
#define FCNTL_32_BIT 55
#define FCNTL64_32_BIT 221
#define IOCTL_32_BIT 54
#define FCHOWN16_32_BIT 95 /* with ids of 16 bits */
#define TGKILL_32_BIT 268
#endif

static void emit_question(struct program *program, const struct asked *asked)
{
	struct label next = {0}, other = {0};
	far_jump_unless(program, BPF_JEQ, asked->number, &next);
	if (asked->when != EVERY_TIME) {
		emit_load_low(program, asked->argument);
		if (asked->when == UNLESS_ZERO)
			jump_if(program, BPF_JEQ, 0, &other);
		else
			jump_unless(program, asked->when == WHEN_BITS ? BPF_JSET : BPF_JEQ, asked->value, &other);
	}
	emit_return(program, ASK);
	place(program, &other);
	if (asked->when != EVERY_TIME)
		emit_load_number(program); /* the allow-list decides */
	place(program, &next);
}

/* Refuses a call when an argument has one of some bits, or exactly a value. */
static void refuse_with(struct program *program, uint32_t number, unsigned argument, unsigned short test, uint32_t value,
                        uint32_t answer)
{
	struct label next = {0};
	far_jump_unless(program, BPF_JEQ, number, &next);
	emit_load_low(program, argument);
	return_if(program, test, value, answer);
	emit_load_number(program);
	place(program, &next);
}

static void refuse(struct program *program, uint32_t number, unsigned argument, unsigned short test, uint32_t value)
{
	refuse_with(program, number, argument, test, value, DENY);
}

/* Refuses signals to other processes by way of a descriptor: whom they go to lies in memory. */
static void refuse_owners(struct program *program, uint32_t fcntl_number, uint32_t ioctl_number)
{
	refuse(program, fcntl_number, 1, BPF_JEQ, F_SETOWN_EX);
	refuse(program, ioctl_number, 1, BPF_JEQ, SET_OWNER);
	refuse(program, ioctl_number, 1, BPF_JEQ, SIOCSPGRP);
}

/* Leaves only the family of sockets that stays on this machine. */
static void refuse_network(struct program *program, uint32_t number)
{
	struct label next = {0};
	far_jump_unless(program, BPF_JEQ, number, &next);
	emit_load_low(program, 0);
	return_if(program, BPF_JEQ, AF_UNIX, SECCOMP_RET_ALLOW);
	emit_return(program, NO_FAMILY);
	place(program, &next);
}

/*
 * Calls with paths that nobody answers: C libraries and programs have another way. Without the
 * first of inotify, programs look at files from time to time; without a later one they fail.
 */
static const uint32_t not_translated[] = {
#ifdef SYS_inotify_init
	SYS_inotify_init,
#endif
	SYS_inotify_init1,
	SYS_inotify_add_watch, SYS_fanotify_mark, SYS_name_to_handle_at, NR_SETXATTRAT, NR_GETXATTRAT,
	NR_LISTXATTRAT, NR_REMOVEXATTRAT, NR_STATMOUNT, NR_LISTMOUNT,
};

/* Lets calls of exec pass that have the cookie. */
static void allow_cookie(struct program *program, uint64_t cookie)
{
	struct label next = {0}, other = {0};
	far_jump_unless(program, BPF_JEQ, SYS_execveat, &next);
	emit_load_low(program, COOKIE_ARGUMENT);
	jump_unless(program, BPF_JEQ, (uint32_t)cookie, &other);
	emit_load_high(program, COOKIE_ARGUMENT);
	jump_unless(program, BPF_JEQ, (uint32_t)(cookie >> 32), &other);
	emit_return(program, SECCOMP_RET_ALLOW);
	place(program, &other);
	emit_load_number(program);
	place(program, &next);
}

/*
 * Refuses descriptors of the process at the other end of a socket, which may be the monitor or the
 * builder: signals would reach it.
 */
static void refuse_peers(struct program *program)
{
	refuse_with(program, SYS_getsockopt, 2, BPF_JEQ, PEER_DESCRIPTOR, NO_OPTION);
	refuse_with(program, SYS_setsockopt, 2, BPF_JEQ, PASS_DESCRIPTORS, NO_OPTION);
}

/* Hides a call that names its descriptor in memory, where a filter cannot see it. */
static void hide(struct program *program)
{
	return_if(program, BPF_JEQ, NR_SETXATTRAT, NOT_THERE);
	return_if(program, BPF_JEQ, NR_REMOVEXATTRAT, NOT_THERE);
}

static void emit_native(struct program *program, const struct chroot_filter *wanted)
{
	hide(program);
	if (wanted->translates) {
		allow_cookie(program, wanted->cookie);
		for (size_t i = 0; i < LENGTH(not_translated); i++)
			return_if(program, BPF_JEQ, not_translated[i], NOT_THERE);
	}
	refuse_peers(program);
	for (size_t i = 0; i < wanted->count; i++)
		emit_question(program, &wanted->asked[i]);
	refuse_owners(program, SYS_fcntl, SYS_ioctl);
	if (wanted->translates)
		emit_keep_ids(program);
	else
		ask_about_changes(program, &syscall_tables[0]);
}

static void emit_foreign(struct program *program, const struct chroot_filter *wanted, const struct syscall_table *table)
{
	for (size_t i = 0; i < wanted->count_32; i++)
		emit_question(program, &wanted->asked_32[i]);
	hide(program);
	for (size_t i = 0; i < LENGTH(denied_32_bit); i++)
		return_if(program, BPF_JEQ, denied_32_bit[i], DENY);
	refuse(program, FCNTL_32_BIT, 1, BPF_JEQ, F_SETOWN);
	refuse(program, FCNTL64_32_BIT, 1, BPF_JEQ, F_SETOWN);
	refuse_owners(program, FCNTL_32_BIT, IOCTL_32_BIT);
	refuse_owners(program, FCNTL64_32_BIT, IOCTL_32_BIT);
	return_if(program, BPF_JEQ, TGKILL_32_BIT, DENY);
	return_if(program, BPF_JEQ, FCHOWN16_32_BIT, DENY);
	ask_about_changes(program, table);
}

static struct program *make_program(const struct chroot_filter *wanted)
{
	struct program *program = new_program();
	for (size_t i = 0; i < LENGTH(syscall_tables); i++) {
		const struct syscall_table *table = &syscall_tables[i];
		struct label next = {0};
		begin_architecture(program, table, &next);
		if (is_native(table))
			emit_native(program, wanted);
		else if (wanted->translates)
			emit_return(program, NOT_THERE);
		else
			emit_foreign(program, wanted, table);
		if (!wanted->network)
			refuse_network(program, table->socket);
		emit_allow_list(program, table);
		place(program, &next);
	}
	emit_return(program, SECCOMP_RET_KILL_PROCESS);
	return program;
}

int install_chroot_seccomp(const struct chroot_filter *wanted)
{
	cleanup_free struct program *program = make_program(wanted);
	int listener = install_asking(program);
	if (listener < 0 && errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		listener = install_asking(program);
	if (listener < 0)
		fail_errno("exec/seccomp", "Cannot install the system call filter of a step without namespaces");
	return listener;
}
