/*
 * The kernel's interface for answering the system calls of other processes (seccomp_unotify(2)).
 * Parts that older headers lack have names and numbers here: this program compiles with those of
 * Linux 5.4.
 */
#ifndef TSBUILD_SUPERVISOR_NOTIFY_H
#define TSBUILD_SUPERVISOR_NOTIFY_H

#include <linux/seccomp.h>
#include <linux/types.h>
#include <sys/ioctl.h>

/* The kernel copies as many bytes as it knows of, which may be more than this program knows of. */
#define NOTIFY_ROOM 1024

union notification {
	struct seccomp_notif is;
	char room[NOTIFY_ROOM];
};
union reply {
	struct seccomp_notif_resp is;
	char room[NOTIFY_ROOM];
};

/* Linux 5.5: the kernel goes on with the call. */
#define NOTIFY_CONTINUE 1

/* Linux 5.9: the caller gets a descriptor. NOTIFY_ADD_SEND: as the result of its call (5.14). */
struct notify_add {
	__u64 id;
	__u32 flags, from, to, to_flags;
};
#define NOTIFY_ADD _IOW('!', 3, struct notify_add)
#define NOTIFY_ADD_SEND 2

/* Linux 6.6: the supervisor runs where the caller ran, which saves waking up another processor. */
#define NOTIFY_SET_FLAGS _IOW('!', 4, __u64)
#define NOTIFY_SYNC_WAKE_UP 1

/*
 * Linux 5.19: a signal does not interrupt a call that is being answered, which would be made again.
 */
#define FILTER_WAIT_KILLABLE 32

/* Linux 5.6. */
#define NR_OPENAT2 437
struct openat2_how {
	__u64 flags, mode, resolve;
};

#endif
