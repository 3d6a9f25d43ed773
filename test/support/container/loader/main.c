/*
 * loader OPTION… -- COMMAND…: runs a command as a container would. Its options are those of
 * container.ts, `struct container` says what they mean. It ends as the command ends.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "loader.h"
#include "sandbox/user-namespace.h"

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)
#define EVERY_ID "0 0 4294967295"

static pid_t inside;

static void pass_on(int number) { kill(inside, number == SIGINT ? SIGINT : SIGKILL); }

static uint64_t number(const char *text)
{
	uint64_t value;
	if (!parse_number(text, UINT64_MAX, &value))
		fail("loader", "\"%s\" is no number", text);
	return value;
}

static void read_user(struct container *container, char *text)
{
	char *colon = strchr(text, ':');
	if (!colon)
		fail("loader", "\"%s\" is no user and group", text);
	*colon = 0;
	container->uid = (uid_t)number(text);
	container->gid = (gid_t)number(colon + 1);
}

static void read_refused(struct container *container, char *text)
{
	char *equals = strchr(text, '=');
	if (!equals || container->refused_count == MAX_REFUSED)
		fail("loader", "Cannot refuse \"%s\"", text);
	*equals = 0;
	container->refused[container->refused_count++] = (struct refused){text, (unsigned)number(equals + 1)};
}

static enum filter filter_named(const char *name)
{
	if (strcmp(name, "none") == 0)
		return FILTER_NONE;
	return strcmp(name, "sys-admin") == 0 ? FILTER_SYS_ADMIN : FILTER_DEFAULT;
}

/* Returns the value of an option of this name, or NULL. */
static char *value_of(char *option, const char *name)
{
	size_t length = strlen(name);
	return strncmp(option, name, length) == 0 ? option + length : NULL;
}

static void read_option(struct container *container, char *option)
{
	char *value;
	if ((value = value_of(option, "--place=")))
		container->place = value;
	else if ((value = value_of(option, "--root=")))
		container->root = value;
	else if ((value = value_of(option, "--home=")))
		container->home = value;
	else if ((value = value_of(option, "--directory=")))
		container->directory = value;
	else if ((value = value_of(option, "--user=")))
		read_user(container, value);
	else if ((value = value_of(option, "--capabilities=")))
		container->capabilities = number(value);
	else if ((value = value_of(option, "--filter=")))
		container->filter = filter_named(value);
	else if ((value = value_of(option, "--refuse=")))
		read_refused(container, value);
	else if ((value = value_of(option, "--volume=")))
		append_text(&container->volumes, value);
	else if ((value = value_of(option, "--filesystem=")))
		append_text(&container->filesystems, value);
	else if (strcmp(option, "--masked") == 0)
		container->masked = true;
	else if (strcmp(option, "--readonly") == 0)
		container->readonly = true;
	else if (strcmp(option, "--no-new-privileges") == 0)
		container->no_new_privileges = true;
	else if (strcmp(option, "--no-user-namespaces") == 0)
		container->no_user_namespaces = true;
	else
		fail("loader", "There is no option %s", option);
}

/* Makes the limit of user namespaces zero in a namespace of its own: the machine keeps its limit. */
static void forbid_user_namespaces(int proc)
{
	enter_user_namespace(&(struct id_maps){MAP_DIRECTLY, EVERY_ID, EVERY_ID, proc});
	cleanup_fd int limit = openat(proc, "sys/user/max_user_namespaces", O_WRONLY | O_CLOEXEC);
	if (limit < 0 || write(limit, "0", 1) != 1)
		fail_errno("loader", "Cannot forbid user namespaces");
}

static _Noreturn void run(const struct container *container, char **command)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int proc = enter_container(container);
	if (container->no_user_namespaces)
		forbid_user_namespaces(proc);
	close(proc);
	if (chdir(container->directory) < 0)
		fail_errno("loader", "Cannot go to %s", container->directory);
	limit_rights(container);
	execvp(command[0], command);
	fail_errno("loader", "Cannot run %s", command[0]);
}

int main(int count, char **arguments)
{
	struct container container = {.directory = "/", .root = "/"};
	int at = 1;
	for (; at < count && strcmp(arguments[at], "--") != 0; at++)
		read_option(&container, arguments[at]);
	if (at + 1 >= count || !container.place || !container.home)
		fail("loader", "Usage: loader --place=DIRECTORY --home=PATH OPTION… -- COMMAND…");
	inside = (pid_t)syscall(SYS_clone, NAMESPACES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (inside < 0)
		fail_errno("loader", "Cannot make the namespaces of a container");
	if (inside == 0)
		run(&container, arguments + at + 1);
	signal(SIGTERM, pass_on);
	signal(SIGINT, pass_on);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	int status = wait_end(inside);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
