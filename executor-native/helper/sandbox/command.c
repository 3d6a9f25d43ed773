#include "sandbox/command.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mounts/outer-proc.h"
#include "ownership/user.h"
#include "sandbox/capabilities.h"
#include "sandbox/checker.h"
#include "sandbox/execute.h"
#include "sandbox/streams.h"
#include "sandbox/user-namespace.h"
#include "seccomp/filter.h"
#include "supervisor/supervisor.h"
#include "supervisor/watch.h"

/* The umask of the command, as Docker has it. */
#define COMMAND_UMASK 022

/*
 * Lowers the soft limit of open files. Node raises its own to the hard one, and programs that close
 * every possible descriptor would take seconds.
 */
static void limit_open_files(uint64_t wanted)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur <= wanted)
		return;
	files.rlim_cur = wanted;
	setrlimit(RLIMIT_NOFILE, &files);
}

static void set_rlimit(const struct rlimit_spec *wanted)
{
	struct rlimit limit = {wanted->soft, wanted->hard}, current;
	if (setrlimit(wanted->resource, &limit) == 0)
		return;
	int error = errno;
	getrlimit(wanted->resource, &current);
	errno = error;
	fail_errno("exec/ulimit", "Cannot set limit %d to %llu:%llu (the highest allowed here is %llu)", wanted->resource,
	           (unsigned long long)wanted->soft, (unsigned long long)wanted->hard,
	           (unsigned long long)current.rlim_max);
}

static void set_rlimits(const struct spec *spec)
{
	limit_open_files(spec->open_files);
	for (size_t i = 0; i < spec->rlimit_count; i++) {
		if (spec->supervised && spec->rlimits[i].resource == RLIMIT_LOCKS)
			continue; /* it limits nothing, and is needed for something else (see supervisor/ids.h) */
		set_rlimit(&spec->rlimits[i]);
	}
}

/* Returns the variables of the step, with HOME. */
static char **environment(const struct spec *spec, const struct user *user)
{
	char **env = allocate(sizeof *env * (spec->env.count + 2));
	memcpy(env, spec->env.items, sizeof *env * spec->env.count);
	if (!find_variable(spec, "HOME"))
		env[spec->env.count] = format_text("HOME=%s", user->home);
	return env;
}

/* Gives the pipes or the terminal to the user, for whom /dev/stdout must open too. */
static void own_output(const struct spec *spec, const struct user *user)
{
	int first = spec->input ? STDIN_FILENO : STDOUT_FILENO;
	for (int fd = first; fd <= STDERR_FILENO; fd++)
		if (fchown(fd, user->uid, user->gid) < 0)
			fail_errno("exec/sandbox-setup", "Cannot give the output to user %u", user->uid);
}

static bool is_user_mapped(const struct mapped_ids *mapped, const struct user *user)
{
	bool all = is_mapped(mapped, user->uid, user->gid);
	for (size_t i = 0; i < user->group_count; i++)
		all = all && is_mapped_group(mapped, user->groups[i]);
	return all;
}

static void change_groups(const struct spec *spec, const struct user *user)
{
	if (setgroups(user->group_count, user->groups) < 0)
		fail_errno("exec/user-ids", "Cannot run as user \"%s\": its groups are not mapped into the user namespace",
		           spec->user);
	if (setresgid(user->gid, user->gid, user->gid) < 0)
		fail_errno("exec/user-ids", "Cannot run as user \"%s\": group %u is not mapped into the user namespace",
		           spec->user, user->gid);
}

static void install_filter(const struct spec *spec, int control)
{
	if (!spec->seccomp)
		return;
	if (spec->owners && !spec->input) /* what was typed is gone when a step begins again */
		hand_to_watcher(control, install_watched_seccomp(&spec->mapped));
	else
		install_seccomp();
}

/*
 * Switches to the step's user. Install the filter first: it needs CAP_SYS_ADMIN, which changing
 * users drops.
 */
static void become(const struct spec *spec, const struct user *user, int control, filter_installer *install)
{
	if (spec->owners && !is_user_mapped(&spec->mapped, user))
		ask_for_supervisor(control);
	own_output(spec, user);
	change_groups(spec, user);
	install(spec, control);
	limit_bounding_set(spec->capabilities);
	if (user->uid == 0)
		limit_capabilities(spec->capabilities);
	else if (setresuid(user->uid, user->uid, user->uid) < 0)
		fail_errno("exec/user-ids", "Cannot run as user \"%s\": id %u is not mapped into the user namespace",
		           spec->user, user->uid);
}

/* Virtual owners: only root's id is mapped, so the supervisor emulates the step's user. */
static void become_virtually(const struct spec *spec, const struct owners *owners, const struct user *user, int control)
{
	struct supervised_filter filter = {
		.limited = spec->seccomp,
		.has_devices = spec->has_devices,
		.has_notes = owners->notes.texts.count > 0,
		.mapped = &spec->mapped,
	};
	begin_ids();
	hand_to_supervisor(control, install_supervised_seccomp(&filter), user);
	limit_bounding_set(spec->capabilities);
	limit_capabilities(spec->capabilities);
}

static void reset_signals(void)
{
	sigset_t none;
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Adds the groups that the spec gives. */
static void add_groups(const struct spec *spec, struct user *user)
{
	for (size_t i = 0; i < spec->groups.count; i++) {
		uint64_t gid;
		if (!parse_number(spec->groups.items[i], UINT32_MAX - 1, &gid) || user->group_count == LENGTH(user->groups))
			fail("exec/internal", "Cannot add the group \"%s\"", spec->groups.items[i]);
		user->groups[user->group_count++] = (gid_t)gid;
	}
}

/* Does all that needs none of the user's ids; returns the variables of the step. */
static char **begin_command(const struct spec *spec, struct user *user)
{
	find_user(spec->user, user);
	add_groups(spec, user);
	char **env = environment(spec, user);
	setsid();
	control_terminal(spec);
	reset_signals();
	umask(COMMAND_UMASK);
	set_rlimits(spec);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return env;
}

void run_command_filtered(const struct spec *spec, int control, filter_installer *install)
{
	struct user user;
	char **env = begin_command(spec, &user);
	become(spec, &user, control, install);
	start_checker(spec, env);
	execute(spec, env);
}

void run_command_translated(const struct spec *spec, directory_enterer *enter)
{
	struct user user;
	const struct rlimit none = {0, 0};
	char **env = begin_command(spec, &user);
	setrlimit(RLIMIT_CORE, &none); /* the kernel would write the memory to a path outside */
	enter(spec, &user);
	change_groups(spec, &user);
	if (setresuid(user.uid, user.uid, user.uid) < 0)
		fail_errno("exec/user-ids", "Cannot run as user \"%s\"", spec->user);
	start_checker(spec, env);
	execute(spec, env);
}

void run_command(const struct spec *spec, const struct owners *owners, int control, int proc)
{
	struct user user;
	char **env = begin_command(spec, &user);
	if (spec->uids)
		enter_user_namespace(&(struct id_maps){MAP_DIRECTLY, spec->uids, spec->gids, proc});
	if (spec->outer_proc)
		protect_outer_proc();
	if (spec->supervised)
		become_virtually(spec, owners, &user, control);
	else
		become(spec, &user, control, install_filter);
	start_checker(spec, env);
	execute(spec, env);
}
