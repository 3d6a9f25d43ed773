/* Mode `probe`: tries in a directory what sandboxes need, one status line a feature: {"status":"ok"|"missing","feature":…,"errno":…}. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "modes/modes.h"
#include "sandbox/mount-api.h"
#include "ownership/owners.h"
#include "modes/remove.h"
#include "seccomp/filter.h"
#include "base/util.h"

static bool try_mount_api(void)
{
	int mount = new_filesystem("tmpfs", (struct fs_option[]){{NULL, NULL}}, 0);
	return mount >= 0 && set_attributes(mount, ATTRIBUTE_READONLY);
}

static bool try_overlay(void)
{
	if (mkdir("lower", 0755) < 0 || mkdir("upper", 0755) < 0 || mkdir("work", 0755) < 0 || mkdir("root", 0755) < 0)
		return false;
	return mount("overlay", "root", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work,userxattr") == 0;
}

static bool try_proc(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(new_filesystem("proc", (struct fs_option[]){{NULL, NULL}}, 0) < 0 ? errno : 0);
	int status = -1;
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return false;
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
	return errno == 0;
}

static bool try_network(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(0);
	return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

/* In a process of its own, which ends with it. */
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

static void supervised_filter(void) { install_supervised_seccomp(true); }

static bool try_seccomp(void) { return try_filter(install_seccomp); }
static bool try_supervised_seccomp(void) { return try_filter(supervised_filter); }

static bool try_attribute(void)
{
	int fd = open("file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return fd >= 0 && fsetxattr(fd, OWNER_ATTRIBUTE, "1:1", 3, 0) == 0;
}

static bool try_chown(void)
{
	int fd = open("file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return fd >= 0 && fchown(fd, 65534, 65534) == 0;
}

int mode_probe(int count, char **arguments)
{
	static const struct feature {
		const char *name;
		bool (*attempt)(void);
	} features[] = {{"mount-api", try_mount_api}, {"overlay", try_overlay}, {"proc", try_proc},
	                {"namespaces", try_network},  {"seccomp", try_seccomp}, {"ids", try_chown}};
	static const struct feature virtual_features[] = {{"seccomp", try_supervised_seccomp}, {"ids", try_attribute}};
	static const char *const leftovers[] = {"lower", "upper", "work", "root", "file"};
	status_fd = 1;
	if (count != 2 || chdir(arguments[0]) < 0)
		fail_errno("exec/internal", "Usage: probe DIRECTORY mapped|virtual");
	for (size_t i = 0; i < LENGTH(features); i++) {
		errno = 0;
		bool (*attempt)(void) = features[i].attempt;
		for (size_t j = 0; j < LENGTH(virtual_features) && strcmp(arguments[1], "virtual") == 0; j++)
			if (strcmp(virtual_features[j].name, features[i].name) == 0)
				attempt = virtual_features[j].attempt;
		bool works = attempt();
		status_line(works ? "ok" : "missing", "feature", features[i].name, "errno", works ? -1 : errno);
	}
	umount2("root", MNT_DETACH);
	for (size_t i = 0; i < LENGTH(leftovers); i++)
		remove_tree(leftovers[i]);
	return 0;
}
