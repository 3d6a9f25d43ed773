#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "loader.h"
#include "seccomp/allow-list.h"

#define HALVES _LINUX_CAPABILITY_U32S_3
#define OLD_MOUNTS (MS_BIND | MS_MOVE | MS_REMOUNT | MS_PRIVATE | MS_SLAVE | MS_SHARED | MS_UNBINDABLE)

/* System calls that can be refused by name. */
static const struct refusable {
	const char *name;
	uint32_t number;
} refusable[] = {
	{"chroot", SYS_chroot},
	{"fsconfig", 431},
	{"fsetxattr", SYS_fsetxattr},
	{"fsmount", 432},
	{"fsopen", 430},
	{"mknodat", SYS_mknodat},
	{"mount", SYS_mount},
	{"mount_setattr", 442},
	{"move_mount", 429},
	{"open_tree", 428},
	{"overlay", SYS_mount},
	{"pivot_root", SYS_pivot_root},
	{"ptrace", SYS_ptrace},
	{"renameat2", SYS_renameat2},
	{"seccomp", SYS_seccomp},
	{"sethostname", SYS_sethostname},
	{"setresgid", SYS_setresgid},
	{"setresuid", SYS_setresuid},
	{"setxattr", SYS_setxattr},
	{"unshare", SYS_unshare},
};

/* Calls that Docker's profile allows as well where the container has CAP_SYS_ADMIN. */
static const uint32_t of_sys_admin[] = {
	SYS_bpf, SYS_clone, SYS_fanotify_init, SYS_lookup_dcookie, SYS_mount, SYS_perf_event_open, SYS_quotactl,
	SYS_setdomainname, SYS_sethostname, SYS_setns, SYS_syslog, SYS_umount2, SYS_unshare,
	428, 429, 430, 431, 432, 433, 435, 442, 443, /* open_tree … fspick, clone3, mount_setattr, quotactl_fd */
};

static uint32_t number_of(const char *name)
{
	for (size_t i = 0; i < LENGTH(refusable); i++)
		if (strcmp(refusable[i].name, name) == 0)
			return refusable[i].number;
	fail("loader", "Cannot refuse %s: the loader does not know it", name);
}

static void emit_refusal(struct program *program, const struct refused *refused)
{
	struct label next = {0}, allowed = {0};
	jump_unless(program, BPF_JEQ, number_of(refused->name), &next);
	bool is_overlay = strcmp(refused->name, "overlay") == 0;
	if (is_overlay) {
		emit_load_low(program, 3);
		jump_if(program, BPF_JSET, OLD_MOUNTS, &allowed);
	}
	emit_return(program, SECCOMP_RET_ERRNO | refused->error);
	place(program, &allowed);
	if (is_overlay)
		emit_load_number(program);
	place(program, &next);
}

static void emit_native(struct program *program, const struct container *container)
{
	for (size_t i = 0; i < container->refused_count; i++)
		emit_refusal(program, &container->refused[i]);
	for (size_t i = 0; container->filter == FILTER_SYS_ADMIN && i < LENGTH(of_sys_admin); i++)
		return_if(program, BPF_JEQ, of_sys_admin[i], SECCOMP_RET_ALLOW);
}

/* Makes the filter of the container: what it refuses by name, then Docker's list unless it is without one. */
static struct program *filter_of(const struct container *container)
{
	struct program *program = new_program();
	for (size_t i = 0; i < LENGTH(syscall_tables); i++) {
		struct label next = {0};
		emit_load_architecture(program);
		far_jump_unless(program, BPF_JEQ, syscall_tables[i].architecture, &next);
		emit_load_number(program);
		if (i == 0)
			emit_native(program, container);
		if (container->filter == FILTER_NONE)
			emit_return(program, SECCOMP_RET_ALLOW);
		else
			emit_allow_list(program, &syscall_tables[i]);
		place(program, &next);
	}
	emit_return(program, container->filter == FILTER_NONE ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_PROCESS);
	return program;
}

static void install_filter(const struct container *container)
{
	if (container->filter == FILTER_NONE && container->refused_count == 0)
		return;
	cleanup_free struct program *program = filter_of(container);
	struct sock_fprog filter = {.len = program->length, .filter = program->code};
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) < 0)
		fail_errno("loader", "Cannot install the filter of the container");
}

/* Takes all other capabilities from every program that is started from here on. */
static void limit_bounding_set(uint64_t mask)
{
	for (int capability = 0; capability < 64; capability++)
		if (!(mask >> capability & 1) && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 && errno != EINVAL)
			fail_errno("loader", "Cannot drop capability %d", capability);
}

/* Makes these the capabilities in effect, so far as they are permitted. */
static void limit_capabilities(uint64_t mask)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[HALVES];
	if (syscall(SYS_capget, &header, data) < 0)
		fail_errno("loader", "Cannot read the capabilities");
	for (int i = 0; i < HALVES; i++) {
		uint32_t part = (uint32_t)(mask >> (32 * i)) & data[i].permitted;
		data[i] = (struct __user_cap_data_struct){.effective = part, .permitted = part};
	}
	if (syscall(SYS_capset, &header, data) < 0)
		fail_errno("loader", "Cannot limit the capabilities");
}

/* Becomes an ordinary user who still may install a filter. */
static void become(uid_t uid, gid_t gid)
{
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		fail_errno("loader", "Cannot become %u:%u", uid, gid);
	limit_capabilities(UINT64_MAX);
}

void limit_rights(const struct container *container)
{
	limit_bounding_set(container->capabilities);
	if (container->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fail_errno("loader", "Cannot give up new rights");
	if (setgroups(0, NULL) < 0)
		fail_errno("loader", "Cannot leave the groups");
	if (container->uid != 0)
		become(container->uid, container->gid);
	/* Last but for the right to do it, as the filter may refuse all that stands above. */
	install_filter(container);
	limit_capabilities(container->capabilities);
}
