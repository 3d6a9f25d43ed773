#include "supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/control.h"
#include "base/short-path.h"
#include "supervisor/answers.h"

/* The part of a user that the supervisor gets: all but the home directory. */
#define SENT_SIZE offsetof(struct user, home)

/* Descriptors that must be opened while the supervisor sees the host's paths. */
struct outside {
	int directory; /* that the owners are written to */
	int mounts;    /* the sandbox's mount namespace */
};

/*
 * Returns the path of the file that the owners are written to: of a root that is kept, or of the
 * changes.
 */
static char *owners_path(const struct spec *spec)
{
	if (!spec->working)
		return copy_text(spec->owners);
	cleanup_free char *root = working_root_path(spec);
	return notes_path(root);
}

/*
 * Opens the descriptors before the command begins: a command may have endedwhen the descriptor of
 * its filter is read, and a process that has ended has no mounts. The command waits for the message
 * that is sent at the end of this.
 */
static struct outside open_outside(const struct spec *spec, struct owners *owners, pid_t init, int control)
{
	cleanup_free char *path = owners_path(spec);
	struct outside outside = {.directory = open(dirname(path), O_PATH | O_DIRECTORY | O_CLOEXEC)};
	owners->keeps_all = spec->working != NULL;
	if (!spec->working)
		owners->upper = open(spec->upper, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (outside.directory < 0 || (!spec->working && owners->upper < 0))
		fail_errno("exec/owners", "Cannot open the directories of %s", path);
	outside.mounts = open(short_path("/proc/%d/ns/mnt", init).text, O_RDONLY | O_CLOEXEC);
	send(control, "", 1, MSG_NOSIGNAL); /* nobody is there when the sandbox could not be set up */
	return outside;
}

/*
 * Receives the filter's descriptor; -1 when the command ended before it had one, and has said why.
 */
static int receive_listener(struct supervisor *supervisor, int control)
{
	struct user user;
	int listener;
	if (receive_control(control, &user, SENT_SIZE, &listener) != SENT_SIZE)
		return -1;
	set_first_ids(&supervisor->ids, user.uid, user.gid, user.groups, (uint32_t)user.group_count);
	return listener;
}

/*
 * Enters the sandbox's mounts, so that paths mean what they mean there. The working directory stays
 * the /proc of this process's own pid namespace, which also shows the processes of the sandbox.
 */
static void enter_mounts(int mounts)
{
	cleanup_fd int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0 || mounts < 0 || setns(mounts, CLONE_NEWNS) < 0 || fchdir(proc) < 0)
		fail_errno("exec/supervisor", "Cannot enter the mounts of the sandbox");
	close(mounts);
}

static struct answer answer_of(const struct call *call, uint32_t number)
{
	for (size_t i = 0; i < supervised_count; i++)
		if (supervised_calls[i].number == number)
			return supervised_calls[i].answer(call);
	return CONTINUE;
}

static void answer_next(struct supervisor *supervisor, int listener)
{
	union notification notification;
	if (!receive_call(listener, &notification))
		return;
	struct call call = call_of(&notification, listener);
	call.supervisor = supervisor;
	answer_call(&notification, listener, answer_of(&call, (uint32_t)notification.is.data.nr));
}

/* Answers calls until nobody has the filter any more. */
static void answer_all(struct supervisor *supervisor, int listener)
{
	struct pollfd polled = {.fd = listener, .events = POLLIN};
	for (;;) {
		if (poll(&polled, 1, -1) < 0 && errno != EINTR)
			fail_errno("exec/supervisor", "Cannot wait for the system calls of the sandbox");
		if (polled.revents & POLLIN)
			answer_next(supervisor, listener);
		else if (polled.revents)
			return;
	}
}

/* Runs the supervisor: see "supervisor" in README.md. */
static _Noreturn void supervise(const struct spec *spec, struct owners *owners, pid_t init, int control)
{
	struct supervisor supervisor = {.owners = owners, .held = -1, .init = init, .has_devices = spec->has_devices};
	struct outside outside = open_outside(spec, owners, init, control);
	int listener = receive_listener(&supervisor, control);
	if (listener < 0)
		_exit(0);
	close(control);
	enter_mounts(outside.mounts);
	read_own_mounts(&supervisor.mounts);
	struct stat root;
	if (stat("/", &root) < 0)
		fail_errno("exec/supervisor", "Cannot see the root of the sandbox");
	read_owners(owners, root.st_dev);
	umask(0);
	ioctl(listener, NOTIFY_SET_FLAGS, NOTIFY_SYNC_WAKE_UP);
	answer_all(&supervisor, listener);
	cleanup_free char *path = owners_path(spec);
	write_owners(owners, outside.directory, basename(path), root.st_dev);
	_exit(0);
}

pid_t start_supervisor(const struct spec *spec, struct owners *owners, pid_t init, int control, int input)
{
	pid_t run = getpid(), supervisor = fork();
	if (supervisor < 0)
		fail_errno("exec/supervisor", "Cannot start the process that keeps the owners of files");
	if (supervisor > 0)
		return supervisor;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != run)
		_exit(EXIT_FAILED);
	if (input >= 0)
		close(input); /* the command reads the end of its input when the runner has closed it */
	signal(SIGTERM, SIG_IGN); /* it ends with the sandbox */
	supervise(spec, owners, init, control);
}

void begin_ids(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_LOCKS, &limit) < 0)
		fail_errno("exec/sandbox-setup", "Cannot read a limit");
	limit.rlim_cur = 0;
	if (setrlimit(RLIMIT_LOCKS, &limit) < 0)
		fail_errno("exec/sandbox-setup", "Cannot set a limit");
}

void hand_to_supervisor(int control, int listener, const struct user *user)
{
	char word;
	int none;
	receive_control(control, &word, 1, &none);
	send_control(control, user, SENT_SIZE, listener);
	close(listener);
	close(control);
}
