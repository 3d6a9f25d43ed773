#include "chroot/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/walk.h"
#include "chroot/answers.h"
#include "ownership/user.h"
#include "sandbox/command.h"

static _Noreturn void cannot_use_directory(const struct spec *spec)
{
	fail_errno("exec/working-directory", "Cannot use \"%s\" as the working directory", spec->cwd);
}

/* Goes to the working directory; missing directories are made, and are the user's. */
static void go_to_directory(const struct spec *spec)
{
	struct user user;
	cleanup_walk struct walk at = NO_WALK;
	cleanup_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int level = root < 0 ? 1 : count_existing(root, spec->cwd);
	if (root < 0 || !walk(&at, root, spec->cwd, WALK_MAKE_DIRECTORY) || fchdir(walk_fd(&at)) < 0)
		cannot_use_directory(spec);
	if (level > at.depth)
		return;
	find_user(spec->user, &user);
	for (; level <= at.depth; level++)
		if (fchownat(at.level[level].fd, "", user.uid, user.gid, AT_EMPTY_PATH) < 0)
			cannot_use_directory(spec);
}

/* Makes /dev/null the standard input: the root's own, or else the machine's. */
static void use_null_input(int null)
{
	struct stat status;
	cleanup_fd int own = open("/dev/null", O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	bool is_device = own >= 0 && fstat(own, &status) == 0 && S_ISCHR(status.st_mode);
	if (is_device)
		fcntl(own, F_SETFL, 0);
	if (dup2(is_device ? own : null, STDIN_FILENO) < 0)
		fail_errno("exec/sandbox-setup", "Cannot use /dev/null as standard input");
}

void enter_and_run(const struct monitor *monitor, const struct step_output *output, int control)
{
	const struct spec *spec = monitor->spec;
	cleanup_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fchdir(monitor->root) < 0 || chroot(".") < 0 || chdir("/") < 0)
		fail_errno("exec/chroot", "Cannot make the image's file system the root");
	use_null_input(null);
	go_to_directory(spec);
	connect_streams(&output->streams);
	run_command_filtered(spec, control, install_asking_filter);
}
