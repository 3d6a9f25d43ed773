/* Calls that reach the whole kernel. */
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>

#include "attempt.h"

ATTEMPT(keyctl_) { return syscall(SYS_keyctl, 0, -3, 1, 0, 0); }
ATTEMPT(add_key_) { return syscall(SYS_add_key, "user", "x", "x", 1, -3); }
ATTEMPT(request_key_) { return syscall(SYS_request_key, "user", "x", NULL, 0); }
ATTEMPT(bpf_) { return syscall(SYS_bpf, 0, NULL, 0); }
ATTEMPT(perf_event_open_) { return syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0); }
ATTEMPT(userfaultfd_) { return syscall(SYS_userfaultfd, 1); }
ATTEMPT(io_uring_setup_) { return syscall(425, 1, NULL); }
ATTEMPT(kexec_load_) { return syscall(SYS_kexec_load, 0, 0, NULL, 0); }
ATTEMPT(init_module_) { return syscall(SYS_init_module, "", 0, ""); }
ATTEMPT(finit_module_) { return syscall(SYS_finit_module, 0, "", 0); }
ATTEMPT(delete_module_) { return syscall(SYS_delete_module, "x", 0); }
ATTEMPT(reboot_) { return syscall(SYS_reboot, 0xfee1dead, 672274793, 0, NULL); }
ATTEMPT(swapon_) { return syscall(SYS_swapon, "/x", 0); }
ATTEMPT(swapoff_) { return syscall(SYS_swapoff, "/x"); }
ATTEMPT(clock_settime_) { struct timespec now; clock_gettime(CLOCK_REALTIME, &now); return clock_settime(CLOCK_REALTIME, &now); }
ATTEMPT(settimeofday_) { struct timeval now; gettimeofday(&now, NULL); return settimeofday(&now, NULL); }
ATTEMPT(adjtimex_) { struct timex change = {.modes = ADJ_TICK, .tick = 10000}; return adjtimex(&change); }
ATTEMPT(sethostname_) { return sethostname("other", 5); }
ATTEMPT(setdomainname_) { return setdomainname("other", 5); }
ATTEMPT(acct_) { return acct("/tmp/acct"); }
ATTEMPT(quotactl_) { return syscall(SYS_quotactl, 0x800001, NULL, 0, NULL); }
ATTEMPT(syslog_) { char text[64]; return syscall(SYS_syslog, 3, text, sizeof text); }
ATTEMPT(fanotify_init_) { return syscall(SYS_fanotify_init, 0, 0); }
ATTEMPT(personality_) { return personality(READ_IMPLIES_EXEC); }
ATTEMPT(vhangup_) { return vhangup(); }
ATTEMPT(lookup_dcookie_) { return syscall(SYS_lookup_dcookie, 0, NULL, 0); }
ATTEMPT(iopl_)
{
#ifdef SYS_iopl
	return syscall(SYS_iopl, 3);
#else
	errno = EPERM;
	return -1;
#endif
}

ATTEMPT(all_capabilities)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{UINT32_MAX, UINT32_MAX, 0}, {UINT32_MAX, UINT32_MAX, 0}};
	return syscall(SYS_capset, &header, data);
}

ATTEMPT(ambient_capability) { return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 21, 0, 0); }
ATTEMPT(bounding_set) { say("%d %d", prctl(PR_CAPBSET_READ, 21, 0, 0, 0), prctl(PR_CAPBSET_READ, 0, 0, 0, 0)); return 0; }
ATTEMPT(filter) { say("%d", prctl(PR_GET_SECCOMP, 0, 0, 0, 0)); return 0; }
