#include "chroot/answers.h"

#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/control.h"
#include "chroot/identity.h"
#include "ownership/devices.h"
#include "seccomp/changing.h"
#include "seccomp/chroot-filter.h"
#include "seccomp/table.h"

/* Calls of Linux 5.3, 5.1 and 5.8. */
#define NR_PIDFD_OPEN 434
#define NR_PIDFD_SEND_SIGNAL 424
#define NR_FACCESSAT2 439
/* Linux 6.6. */
#define NR_FCHMODAT2 452

typedef struct answer (*answer_function)(const struct monitor *monitor, const struct call *call);

/* The calls, each with when the monitor is asked, and its answer. */
static const struct row {
	struct asked asked;
	answer_function answer;
} rows[] = {
	{{SYS_kill, EVERY_TIME, 0, 0}, answer_signal},
	{{SYS_tkill, EVERY_TIME, 0, 0}, answer_process},
	{{SYS_tgkill, EVERY_TIME, 0, 0}, answer_process},
	{{SYS_rt_sigqueueinfo, EVERY_TIME, 0, 0}, answer_process},
	{{SYS_rt_tgsigqueueinfo, EVERY_TIME, 0, 0}, answer_process},
	{{NR_PIDFD_OPEN, EVERY_TIME, 0, 0}, answer_process},
	{{SYS_ptrace, EVERY_TIME, 0, 0}, answer_trace},
	{{SYS_process_vm_readv, EVERY_TIME, 0, 0}, answer_process},
	{{SYS_process_vm_writev, EVERY_TIME, 0, 0}, answer_process},
	{{SYS_prlimit64, UNLESS_ZERO, 0, 0}, answer_process},
	{{SYS_sched_setparam, UNLESS_ZERO, 0, 0}, answer_process},
	{{SYS_sched_setscheduler, UNLESS_ZERO, 0, 0}, answer_process},
	{{SYS_sched_setaffinity, UNLESS_ZERO, 0, 0}, answer_process},
	{{SYS_sched_setattr, UNLESS_ZERO, 0, 0}, answer_process},
	{{SYS_get_robust_list, UNLESS_ZERO, 0, 0}, answer_process},
	{{SYS_setpriority, EVERY_TIME, 0, 0}, answer_priority},
	{{SYS_ioprio_set, EVERY_TIME, 0, 0}, answer_ioprio},
	{{SYS_fcntl, WHEN_VALUE, 1, F_SETOWN}, answer_descriptor_owner},
	{{SYS_chroot, EVERY_TIME, 0, 0}, answer_chroot},
	{{SYS_uname, EVERY_TIME, 0, 0}, answer_uname},
	{{SYS_openat, EVERY_TIME, 0, 0}, answer_openat_outside},
	{{NR_OPENAT2, EVERY_TIME, 0, 0}, answer_openat2_outside},
	{{SYS_newfstatat, EVERY_TIME, 0, 0}, answer_fstatat_outside},
	{{SYS_statx, EVERY_TIME, 0, 0}, answer_statx_outside},
	{{SYS_faccessat, EVERY_TIME, 0, 0}, answer_accessat_outside},
	{{NR_FACCESSAT2, EVERY_TIME, 0, 0}, answer_accessat_outside},
	{{SYS_readlinkat, EVERY_TIME, 0, 0}, answer_readlinkat_outside},
	{{SYS_mknodat, WHEN_BITS, 2, DEVICE_BIT}, answer_mknodat_inside},
	{{SYS_fchmod, EVERY_TIME, 0, 0}, answer_fchmod_outside},
	{{SYS_fchmodat, EVERY_TIME, 0, 0}, answer_fchmodat_outside},
	{{NR_FCHMODAT2, EVERY_TIME, 0, 0}, answer_fchmodat2_outside},
	{{SYS_fchown, EVERY_TIME, 0, 0}, answer_fchown_outside},
	{{SYS_fchownat, EVERY_TIME, 0, 0}, answer_fchownat_outside},
	{{SYS_utimensat, EVERY_TIME, 0, 0}, answer_utimensat_outside},
	{{SYS_fsetxattr, EVERY_TIME, 0, 0}, answer_fsetxattr_outside},
	{{SYS_fremovexattr, EVERY_TIME, 0, 0}, answer_fremovexattr_outside},
	{{SYS_prctl, WHEN_VALUE, 0, PR_SET_DUMPABLE}, answer_dumpable},
#ifdef SYS_open
	{{SYS_open, EVERY_TIME, 0, 0}, answer_open_outside},
	{{SYS_stat, EVERY_TIME, 0, 0}, answer_stat_outside},
	{{SYS_lstat, EVERY_TIME, 0, 0}, answer_lstat_outside},
	{{SYS_access, EVERY_TIME, 0, 0}, answer_access_outside},
	{{SYS_readlink, EVERY_TIME, 0, 0}, answer_readlink_outside},
	{{SYS_mknod, WHEN_BITS, 1, DEVICE_BIT}, answer_mknod_inside},
	{{SYS_chmod, EVERY_TIME, 0, 0}, answer_chmod_outside},
	{{SYS_chown, EVERY_TIME, 0, 0}, answer_chown_outside},
	{{SYS_lchown, EVERY_TIME, 0, 0}, answer_lchown_outside},
	{{SYS_futimesat, EVERY_TIME, 0, 0}, answer_futimesat_outside},
#endif
};

/*
 * Calls of 32-bit programs that name a file by a descriptor, which a 64-bit program may have left
 * them. By paths they reach nothing outside.
 */
static const struct row rows_32[] = {
	{{94 /* fchmod */, EVERY_TIME, 0, 0}, answer_fchmod_outside},
	{{207 /* fchown32 */, EVERY_TIME, 0, 0}, answer_fchown_outside},
	{{228 /* fsetxattr */, EVERY_TIME, 0, 0}, answer_fsetxattr_outside},
	{{237 /* fremovexattr */, EVERY_TIME, 0, 0}, answer_fremovexattr_outside},
	{{412 /* utimensat_time64 */, EVERY_TIME, 0, 0}, answer_utimensat_outside},
	{{NR_FCHMODAT2, WHEN_BITS, 3, AT_EMPTY_PATH}, answer_fchmodat2_outside},
#if defined(__x86_64__)
	{{298 /* fchownat */, WHEN_BITS, 4, AT_EMPTY_PATH}, answer_fchownat_outside},
	{{299 /* futimesat */, EVERY_TIME, 0, 0}, answer_futimesat_outside_32},
	{{320 /* utimensat */, EVERY_TIME, 0, 0}, answer_utimensat_outside_32},
#else
	{{325 /* fchownat */, WHEN_BITS, 4, AT_EMPTY_PATH}, answer_fchownat_outside},
	{{326 /* futimesat */, EVERY_TIME, 0, 0}, answer_futimesat_outside_32},
	{{348 /* utimensat */, EVERY_TIME, 0, 0}, answer_utimensat_outside_32},
#endif
};

/*
 * Returns true when a call is one that the row answers. Note that the filter asks about others of
 * the same number too, where they may change files.
 */
static bool is_asked(const struct asked *asked, const struct seccomp_data *data)
{
	uint32_t value = (uint32_t)data->args[asked->argument];
	switch (asked->when) {
	case UNLESS_ZERO:
		return value != 0;
	case WHEN_VALUE:
		return value == asked->value;
	case WHEN_BITS:
		return value & asked->value;
	case EVERY_TIME:
		break;
	}
	return true;
}

static struct answer answer_of(const struct monitor *monitor, const struct call *call, const struct seccomp_data *data)
{
	bool is_native = data->arch == syscall_tables[0].architecture;
	const struct row *asked = is_native ? rows : rows_32;
	size_t count = is_native ? LENGTH(rows) : LENGTH(rows_32);
	for (size_t i = 0; i < count; i++)
		if (asked[i].asked.number == (uint32_t)data->nr && is_asked(&asked[i].asked, data))
			return asked[i].answer(monitor, call);
	return CONTINUE;
}

void answer_next(const struct monitor *monitor, int listener)
{
	union notification notification;
	if (!receive_call(listener, &notification))
		return;
	if (may_change(&notification.is.data))
		*monitor->may_have_changed = true;
	struct call call = call_of(&notification, listener);
	answer_call(&notification, listener, answer_of(monitor, &call, &notification.is.data));
}

void prefer_quick_answers(int listener)
{
	if (listener >= 0)
		ioctl(listener, NOTIFY_SET_FLAGS, NOTIFY_SYNC_WAKE_UP);
}

void install_asking_filter(const struct spec *spec, int control)
{
	struct asked asked[LENGTH(rows)], asked_32[LENGTH(rows_32)];
	for (size_t i = 0; i < LENGTH(rows); i++)
		asked[i] = rows[i].asked;
	for (size_t i = 0; i < LENGTH(rows_32); i++)
		asked_32[i] = rows_32[i].asked;
	const struct chroot_filter wanted = {
		.asked = asked,
		.count = LENGTH(rows),
		.asked_32 = asked_32,
		.count_32 = LENGTH(rows_32),
		.network = spec->network,
	};
	int listener = install_chroot_seccomp(&wanted);
	send_control(control, "", 1, listener);
	close(listener);
	close(control);
}
