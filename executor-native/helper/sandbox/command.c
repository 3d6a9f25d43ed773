#include "sandbox/command.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ownership/mapped.h"
#include "seccomp/filter.h"
#include "sandbox/user.h"
#include "modes/userns.h"
#include "supervisor/supervisor.h"
#include "supervisor/watch.h"

void limit_bounding_set(uint64_t mask)
{
	for (int capability = 0; capability < 64; capability++) {
		if (mask >> capability & 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) {
			if (errno == EINVAL)
				break; /* past the last one this kernel knows */
			fail_errno("exec/sandbox-setup", "Cannot drop capability %d", capability);
		}
	}
}

void limit_capabilities(uint64_t mask)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct now[2], data[2];
	if (syscall(SYS_capget, &header, now) < 0)
		fail_errno("exec/sandbox-setup", "Cannot read this process's capabilities");
	for (int i = 0; i < 2; i++) {
		uint32_t part = (uint32_t)(mask >> (32 * i)) & now[i].permitted;
		data[i] = (struct __user_cap_data_struct){.effective = part, .permitted = part};
	}
	if (syscall(SYS_capset, &header, data) < 0)
		fail_errno("exec/sandbox-setup", "Cannot limit the capabilities");
}

static void set_rlimits(const struct spec *spec)
{
	/* Node raises its own soft limit to the hard one; programs that close every possible descriptor would take seconds. */
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > spec->open_files) {
		files.rlim_cur = spec->open_files;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	for (size_t i = 0; i < spec->rlimit_count; i++) {
		const struct rlimit_spec *wanted = &spec->rlimits[i];
		if (spec->supervised && wanted->resource == RLIMIT_LOCKS)
			continue; /* limits nothing, and is needed for something else (see supervisor/ids.c) */
		struct rlimit limit = {wanted->soft, wanted->hard}, current;
		if (setrlimit(wanted->resource, &limit) == 0)
			continue;
		int error = errno;
		getrlimit(wanted->resource, &current);
		errno = error;
		fail_errno("exec/ulimit", "Cannot set limit %d to %llu:%llu (the highest allowed here is %llu)", wanted->resource,
		           (unsigned long long)wanted->soft, (unsigned long long)wanted->hard, (unsigned long long)current.rlim_max);
	}
}

/* Pipes belong to whoever made them; /dev/stdout must open for another user too. */
static void own_output(const struct user *user)
{
	for (int fd = 1; fd <= 2; fd++)
		if (fchown(fd, user->uid, user->gid) < 0)
			fail_errno("exec/sandbox-setup", "Cannot give the output to user %u", user->uid);
}

static const char *find_variable(const struct spec *spec, const char *name)
{
	size_t length = strlen(name);
	const char *found = NULL;
	for (size_t i = 0; i < spec->env.count; i++)
		if (strncmp(spec->env.items[i], name, length) == 0 && spec->env.items[i][length] == '=')
			found = spec->env.items[i] + length + 1;
	return found;
}

static char **environment(const struct spec *spec, const struct user *user)
{
	char **env = allocate(sizeof(char *) * (spec->env.count + 2));
	memcpy(env, spec->env.items, sizeof(char *) * spec->env.count);
	if (!find_variable(spec, "HOME"))
		env[spec->env.count] = format_text("HOME=%s", user->home);
	return env;
}

static _Noreturn void not_started(const char *name, int code, const char *why)
{
	char *message = format_text("exec: \"%s\": %s", name, why);
	dprintf(2, "%s\n", message);
	status_line("not-started", "message", message, "code", code);
	_exit(code);
}

static _Noreturn void cannot_exec(const char *name, int error)
{
	/* Docker: 127 when there is nothing to run, 126 when it cannot be run. ENOENT of an existing script is its interpreter. */
	if (error == ENOENT && access(name, F_OK) == 0)
		not_started(name, 127, "the interpreter it names (first line, or dynamic loader) is not in the image");
	not_started(name, error == ENOENT || error == ENOTDIR ? 127 : 126, strerror(error));
}

static _Noreturn void execute(const struct spec *spec, char **env)
{
	const char *name = spec->args.items[0], *search = find_variable(spec, "PATH");
	int error = 0;
	if (strchr(name, '/')) {
		execve(name, spec->args.items, env);
		cannot_exec(name, errno);
	}
	for (const char *at = search ? search : ""; *at && *name;) {
		char path[PATH_MAX];
		size_t length = strcspn(at, ":");
		struct stat status;
		snprintf(path, sizeof path, "%.*s/%s", length ? (int)length : 1, length ? at : ".", name);
		at += length + (at[length] == ':');
		if (stat(path, &status) < 0 || S_ISDIR(status.st_mode))
			continue;
		if (access(path, X_OK) < 0) {
			error = errno;
			continue;
		}
		execve(path, spec->args.items, env);
		cannot_exec(path, errno);
	}
	if (error)
		not_started(name, 126, strerror(error));
	not_started(name, 127, "executable file not found in $PATH");
}

static bool is_mapped(const struct user *user)
{
	bool mapped = is_mapped_user(user->uid) && is_mapped_group(user->gid);
	for (size_t i = 0; i < user->group_count; i++)
		mapped = mapped && is_mapped_group(user->groups[i]);
	return mapped;
}

/* Really. Order: the filter needs CAP_SYS_ADMIN, and changing users drops what is left of the capabilities. */
static void become(const struct spec *spec, const struct user *user, int control)
{
	if (spec->owners && !is_mapped(user))
		ask_for_supervisor(control);
	own_output(user);
	if (setgroups(user->group_count, user->groups) < 0)
		fail_errno("exec/user-ids", "Cannot run as user \"%s\": its groups are not mapped into the user namespace", spec->user);
	if (setresgid(user->gid, user->gid, user->gid) < 0)
		fail_errno("exec/user-ids", "Cannot run as user \"%s\": group %u is not mapped into the user namespace", spec->user, user->gid);
	if (spec->seccomp && spec->owners)
		hand_to_watcher(control, install_watched_seccomp());
	else if (spec->seccomp)
		install_seccomp();
	limit_bounding_set(spec->capabilities);
	if (user->uid == 0)
		limit_capabilities(spec->capabilities);
	else if (setresuid(user->uid, user->uid, user->uid) < 0)
		fail_errno("exec/user-ids", "Cannot run as user \"%s\": id %u is not mapped into the user namespace", spec->user, user->uid);
}

/* In its own eyes: its only real id is root's. */
static void become_virtually(const struct spec *spec, const struct user *user, int control)
{
	begin_ids();
	hand_to_supervisor(control, install_supervised_seccomp(spec->seccomp), user);
	limit_bounding_set(spec->capabilities);
	limit_capabilities(spec->capabilities);
}

void run_command(const struct spec *spec, int control)
{
	struct user user;
	sigset_t none;
	find_user(spec->user, &user);
	char **env = environment(spec, &user);
	setsid();
	for (int signal_number = 1; signal_number < NSIG; signal_number++)
		signal(signal_number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(022);
	set_rlimits(spec);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (spec->uids)
		enter_user_namespace("direct", spec->uids, spec->gids);
	if (spec->supervised)
		become_virtually(spec, &user, control);
	else
		become(spec, &user, control);
	execute(spec, env);
}
