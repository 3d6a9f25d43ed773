#include "chroot/answers.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/control.h"
#include "chroot/identity.h"
#include "seccomp/chroot-filter.h"

/* Linux 5.3, 5.1, 5.8. */
#define NR_PIDFD_OPEN 434
#define NR_PIDFD_SEND_SIGNAL 424
#define NR_FACCESSAT2 439

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
#ifdef SYS_open
	{{SYS_open, EVERY_TIME, 0, 0}, answer_open_outside},
	{{SYS_stat, EVERY_TIME, 0, 0}, answer_stat_outside},
	{{SYS_lstat, EVERY_TIME, 0, 0}, answer_lstat_outside},
	{{SYS_access, EVERY_TIME, 0, 0}, answer_access_outside},
	{{SYS_readlink, EVERY_TIME, 0, 0}, answer_readlink_outside},
#endif
};

static struct answer answer_of(const struct monitor *monitor, const struct call *call, uint32_t number)
{
	for (size_t i = 0; i < LENGTH(rows); i++)
		if (rows[i].asked.number == number)
			return rows[i].answer(monitor, call);
	return CONTINUE;
}

void answer_next(const struct monitor *monitor, int listener)
{
	union notification notification;
	if (!receive_call(listener, &notification))
		return;
	struct call call = call_of(&notification, listener);
	answer_call(&notification, listener, answer_of(monitor, &call, (uint32_t)notification.is.data.nr));
}

void prefer_quick_answers(int listener)
{
	if (listener >= 0)
		ioctl(listener, NOTIFY_SET_FLAGS, NOTIFY_SYNC_WAKE_UP);
}

void install_asking_filter(const struct spec *spec, int control)
{
	struct asked asked[LENGTH(rows)];
	for (size_t i = 0; i < LENGTH(rows); i++)
		asked[i] = rows[i].asked;
	const struct chroot_filter wanted = {.asked = asked, .count = LENGTH(rows), .network = spec->network};
	int listener = install_chroot_seccomp(&wanted);
	send_control(control, "", 1, listener);
	close(listener);
	close(control);
}
