/*
 * Mode `probe`: tries in a directory the parts of the kernel that sandboxes need, and writes one
 * status line each: {"status":"ok"|"missing","feature":…,"errno":…}.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/remove-tree.h"
#include "base/util.h"
#include "modes/modes.h"
#include "mounts/mount-api.h"
#include "mounts/outer-proc.h"
#include "ownership/owners.h"
#include "seccomp/chroot-filter.h"
#include "seccomp/filter.h"

/* An id that only a range of mapped ids has. */
#define SOME_ID 65534

static bool try_mount_api(void)
{
	cleanup_fd int mount = new_filesystem("tmpfs", NO_OPTIONS, 0);
	return mount >= 0 && set_attributes(mount, ATTRIBUTE_READONLY);
}

/* Deletes a directory of the lower layer through the overlay, and makes it again. */
static bool delete_below(void)
{
	return unlink("root/d/f") == 0 && rmdir("root/d") == 0 && mkdir("root/d", 0755) == 0 && access("root/d/f", F_OK) < 0;
}

static bool try_overlay(void)
{
	if (mkdir("lower", 0755) < 0 || mkdir("upper", 0755) < 0 || mkdir("work", 0755) < 0 || mkdir("root", 0755) < 0)
		return false;
	cleanup_fd int file = mkdir("lower/d", 0755) < 0 ? -1 : open("lower/d/f", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return file >= 0 && mount("overlay", "root", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work,userxattr") == 0 &&
	       delete_below();
}

static pid_t clone_into(unsigned long namespaces)
{
	return (pid_t)syscall(SYS_clone, namespaces | SIGCHLD, NULL, NULL, NULL, NULL);
}

/*
 * Makes a call that cannot succeed. A kernel that allows it checks rights first, and then reports
 * that there is no such directory. A container's filter of system calls refuses it, even with
 * CAP_SYS_ADMIN.
 */
static bool try_pivot_root(void) { return syscall(SYS_pivot_root, "", "") < 0 && errno == ENOENT; }

static bool try_namespaces(void)
{
	pid_t pid = clone_into(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS);
	if (pid == 0)
		_exit(0);
	return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

/* Installs a filter in a process of its own, which ends with it. */
static bool try_filter(void (*install)(void))
{
	pid_t pid = fork();
	if (pid == 0) {
		install();
		_exit(0);
	}
	int status = -1;
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return false;
	errno = EINVAL;
	return status == 0;
}

static void install_supervised(void)
{
	const struct mapped_ids all = {0};
	install_supervised_seccomp(&(struct supervised_filter){.limited = true, .mapped = &all});
}

static bool try_seccomp(void) { return try_filter(install_seccomp); }
static bool try_supervised_seccomp(void) { return try_filter(install_supervised); }

static void install_translating(void)
{
	install_chroot_seccomp(&(struct chroot_filter){.translates = true});
}

static bool try_translating_seccomp(void) { return try_filter(install_translating); }

/* Holds a child for a moment, as the monitor does for exec. */
static bool try_trace(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	bool is_held = pid > 0 && ptrace(PTRACE_SEIZE, pid, 0, 0) == 0;
	int error = errno;
	if (pid > 0 && (kill(pid, SIGKILL) < 0 || waitpid(pid, NULL, 0) < 0))
		return false;
	errno = error;
	return is_held;
}

static int make_file(void) { return open("file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600); }

static bool try_attribute(void)
{
	cleanup_fd int fd = make_file();
	return fd >= 0 && fsetxattr(fd, OWNER_ATTRIBUTE, "1:1", strlen("1:1"), 0) == 0;
}

static bool try_chown(void)
{
	cleanup_fd int fd = make_file();
	return fd >= 0 && fchown(fd, SOME_ID, SOME_ID) == 0;
}

/* A feature, and how it is tried with mapped and with virtual owners. */
static const struct feature {
	const char *name;
	bool (*attempt)(void), (*virtual_attempt)(void);
} features[] = {
	{"mount-api", try_mount_api, try_mount_api},
	{"overlay", try_overlay, try_overlay},
	{"proc", can_mount_proc, can_mount_proc},
	{"pivot-root", try_pivot_root, try_pivot_root},
	{"namespaces", try_namespaces, try_namespaces},
	{"seccomp", try_seccomp, try_supervised_seccomp},
	{"ids", try_chown, try_attribute},
};

/* Features for steps without any privilege. */
static const struct feature unprivileged_features[] = {
	{"seccomp", NULL, try_translating_seccomp},
	{"trace", NULL, try_trace},
	{"ids", NULL, try_attribute},
};

static void try_feature(const struct feature *feature, bool is_virtual)
{
	errno = 0;
	bool works = (is_virtual ? feature->virtual_attempt : feature->attempt)();
	if (works)
		REPORT(.name = "ok", .key = "feature", .text = feature->name);
	else
		REPORT(.name = "missing", .key = "feature", .text = feature->name, .number_key = "errno", .number = errno);
}

int mode_probe(int count, char **arguments)
{
	char place[] = "probe-XXXXXX";
	report_to(STDOUT_FILENO);
	if (count < 2 || chdir(arguments[0]) < 0) /* `userns` may add an argument */
		fail_errno("exec/internal", "Usage: probe DIRECTORY mapped|virtual|unprivileged");
	/* A directory of its own, because everything in it is removed. */
	if (!mkdtemp(place) || chdir(place) < 0)
		fail_errno("exec/internal", "Cannot make a directory to try things in");
	bool is_unprivileged = strcmp(arguments[1], "unprivileged") == 0;
	for (size_t i = 0; is_unprivileged && i < LENGTH(unprivileged_features); i++)
		try_feature(&unprivileged_features[i], true);
	for (size_t i = 0; !is_unprivileged && i < LENGTH(features); i++)
		try_feature(&features[i], strcmp(arguments[1], "virtual") == 0);
	umount2("root", MNT_DETACH);
	if (chdir("..") < 0)
		fail_errno("exec/internal", "Cannot leave the directory in which things were tried");
	remove_tree(place);
	return 0;
}
