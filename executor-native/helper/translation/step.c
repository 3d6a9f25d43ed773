#include "translation/step.h"

#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ownership/user.h"
#include "sandbox/command.h"
#include "supervised/translated.h"
#include "translation/answers.h"

#define SETUP "exec/sandbox-setup"

/* Prepares the answers, before the command's process is there. */
static void begin(struct monitor *monitor, struct looks *looks, struct ends *ends)
{
	uint32_t none;
	struct translated *translated = allocate(sizeof *translated);
	*translated = (struct translated){.looks = looks, .ends = ends, .supervisor = {.held = -1}};
	make_loader(&translated->loader);
	set_first_ids(&translated->supervisor.ids, 0, 0, &none, 0);
	if (getrandom(&translated->cookie, sizeof translated->cookie, 0) != sizeof translated->cookie ||
	    getrandom(&translated->scope, sizeof translated->scope, 0) != sizeof translated->scope || chdir("/proc") < 0)
		fail_errno(SETUP, "Cannot prepare the answers to system calls");
	monitor->translated = translated;
	monitor->find_exe = read_program;
}

/* Makes the working directory, whose missing parts are the user's. */
static void make_directories(const struct spec *spec, const struct user *user)
{
	struct stat status;
	cleanup_free char *path = copy_text(spec->cwd);
	for (char *at = path + 1; *at;) {
		at += strcspn(at, "/");
		char end = *at;
		*at = 0;
		if (lstat(path, &status) < 0 && mkdir(path, 0755) == 0 && chown(path, user->uid, user->gid) < 0)
			break;
		*at = end;
		at += end != 0;
	}
}

static void go_to_directory(const struct spec *spec, const struct user *user)
{
	make_directories(spec, user);
	if (chdir(spec->cwd) < 0)
		fail_errno("exec/working-directory", "Cannot use \"%s\" as the working directory", spec->cwd);
}

/* Installs the filter, goes to the working directory, and becomes the command. */
static _Noreturn void translate_and_run(const struct monitor *monitor, const struct step_output *output, int control)
{
	const struct spec *spec = monitor->spec;
	cleanup_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (dup2(null, STDIN_FILENO) < 0 || fchdir(monitor->root) < 0)
		fail_errno(SETUP, "Cannot connect the command's output");
	connect_streams(&output->streams);
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* the monitor reads its memory; nobody else may be asked */
	begin_ids();
	install_translating_filter(monitor, control);
	run_command_translated(spec, go_to_directory);
}

const struct way_to_keep by_translation = {begin, answer_next_translated, translate_and_run};
