/* Other namespaces. */
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "attempt.h"

#define NS_GET_USERNS 0xb701
#define NS_GET_PARENT 0xb702

ATTEMPT(unshare_user) { return unshare(CLONE_NEWUSER); }
ATTEMPT(unshare_mounts) { return unshare(CLONE_NEWNS); }
ATTEMPT(unshare_pid) { return unshare(CLONE_NEWPID); }
ATTEMPT(unshare_net) { return unshare(CLONE_NEWNET); }
ATTEMPT(unshare_ipc) { return unshare(CLONE_NEWIPC); }
ATTEMPT(unshare_uts) { return unshare(CLONE_NEWUTS); }
ATTEMPT(unshare_cgroup) { return unshare(CLONE_NEWCGROUP); }
ATTEMPT(unshare_time) { return unshare(0x80); }

static long clone_with(unsigned long flags)
{
	long pid = syscall(SYS_clone, flags | 17, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(0);
	return pid;
}

ATTEMPT(clone_user) { return clone_with(CLONE_NEWUSER); }
ATTEMPT(clone_mounts) { return clone_with(CLONE_NEWNS); }
ATTEMPT(clone_user_with_high_bits) { return clone_with(CLONE_NEWUSER | 0xdead00000000ul); }

ATTEMPT(clone3_user)
{
	uint64_t arguments[11] = {CLONE_NEWUSER, 0, 0, 0, 17};
	return syscall(435, arguments, 88);
}

ATTEMPT(setns_own) { return setns(open("/proc/self/ns/user", O_RDONLY), 0); }
ATTEMPT(setns_of_first_by_pidfd) { return setns((int)syscall(434, 1, 0), CLONE_NEWNS); }
ATTEMPT(parent_of_user_namespace) { return ioctl(open("/proc/self/ns/user", O_RDONLY), NS_GET_PARENT); }
ATTEMPT(parent_of_pid_namespace) { return ioctl(open("/proc/self/ns/pid", O_RDONLY), NS_GET_PARENT); }
ATTEMPT(owner_of_network_namespace) { return ioctl(open("/proc/self/ns/net", O_RDONLY), NS_GET_USERNS); }

ATTEMPT(id_map_of_first)
{
	int fd = open("/proc/1/uid_map", O_WRONLY);
	return fd < 0 ? -1 : write(fd, "0 0 1\n", 6);
}

/* Compares the namespaces that the step has for itself. */
ATTEMPT(own_namespaces)
{
	static const char *const names[] = {"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"};
	for (size_t i = 0; i < LENGTH(names); i++) {
		char path[32], target[64];
		snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
		ssize_t length = readlink(path, target, sizeof target - 1);
		target[length > 0 ? length : 0] = 0;
		if (length > 0 && !strstr(outside.ns, target))
			say("%s%s", i ? " " : "", names[i]);
	}
	return 0;
}

ATTEMPT(i386_unshare) { return call_i386(310, CLONE_NEWUSER, 0, 0, 0, 0); }
ATTEMPT(i386_clone) { return call_i386(120, CLONE_NEWUSER | 17, 0, 0, 0, 0); }
ATTEMPT(i386_clone3) { return call_i386(435, (long)low_memory(), 88, 0, 0, 0); }
ATTEMPT(i386_mount) { return call_i386(21, 0, 0, 0, 0, 0); }
ATTEMPT(i386_umount) { return call_i386(52, 0, 0, 0, 0, 0); }
ATTEMPT(i386_setns) { return call_i386(346, 0, 0, 0, 0, 0); }
ATTEMPT(i386_bpf) { return call_i386(357, 0, 0, 0, 0, 0); }
ATTEMPT(i386_keyctl) { return call_i386(288, 0, 0, 0, 0, 0); }
ATTEMPT(i386_vm86) { return call_i386(166, 0, 0, 0, 0, 0); }

ATTEMPT(i386_vsock_by_socketcall)
{
	int *arguments = low_memory();
	arguments[0] = 40, arguments[1] = 1, arguments[2] = 0;
	return call_i386(102, 1, (long)arguments, 0, 0, 0);
}

ATTEMPT(i386_crypto_by_socketcall)
{
	int *arguments = low_memory();
	arguments[0] = 38, arguments[1] = 5, arguments[2] = 0;
	return call_i386(102, 1, (long)arguments, 0, 0, 0);
}

ATTEMPT(i386_crypto_socket) { return call_i386(359, 38, 5, 0, 0, 0); }
ATTEMPT(i386_unix_socket) { return call_i386(359, 1, 1, 0, 0, 0); }

ATTEMPT(x32_unshare)
{
#ifdef __x86_64__
	return syscall(SYS_unshare | 0x40000000, CLONE_NEWUSER);
#else
	say("no such calls");
	return 0;
#endif
}
