/*
 * Modes `emulate` and `runs`: programs of other processors. Since Linux 6.7 each user namespace can
 * have interpreters of its own for them (binfmt_misc), and the machine's stay as they are.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "modes/modes.h"
#include "mounts/mount-api.h"

/* Seconds that an interpreter may take to find out that a file holds no program. */
#define PATIENCE 5

static void report_outcome(bool works, const char *what, int error)
{
	if (works)
		REPORT(.name = "ok", .key = "feature", .text = what);
	else
		REPORT(.name = "missing", .key = "feature", .text = what, .number_key = "errno", .number = error);
}

/*
 * Registers an interpreter. It is opened now, and started later in steps, whose root lacks it. A
 * step finds it as /proc/PID/exe, so it must be on a read-only mount.
 */
static bool add_interpreter(const char *directory, const char *interpreter, const char *registration)
{
	if (!protect_file(interpreter))
		return false;
	cleanup_free char *path = format_text("%s/register", directory);
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, registration, strlen(registration)) == (ssize_t)strlen(registration);
}

int mode_emulate(int count, char **arguments)
{
	report_to(STDOUT_FILENO);
	if (count < 1 || count % 2 == 0)
		fail("exec/internal", "Usage: emulate DIRECTORY [INTERPRETER REGISTRATION]…");
	const char *directory = arguments[0];
	bool is_mounted = (mkdir(directory, 0700) == 0 || errno == EEXIST) &&
	                  mount("binfmt_misc", directory, "binfmt_misc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0;
	int error = errno;
	for (int i = 1; i < count; i += 2) {
		bool works = is_mounted && add_interpreter(directory, arguments[i], arguments[i + 1]);
		report_outcome(works, arguments[i], is_mounted ? errno : error);
	}
	return 0;
}

static void be_quiet(void)
{
	int null = open("/dev/null", O_RDWR);
	for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
}

/* Returns the error with which the kernel refuses the file; 0 when something was started. */
static int exec_error(const char *file)
{
	int ends[2], error = 0;
	make_pipe(ends);
	pid_t pid = fork();
	if (pid < 0)
		fail_errno("exec/internal", "Cannot start a process");
	if (pid == 0) {
		be_quiet();
		alarm(PATIENCE);
		execve(file, (char *const[]){(char *)file, NULL}, (char *const[]){NULL});
		error = errno;
		_exit(write(ends[WRITE_END], &error, sizeof error) < 0);
	}
	close(ends[WRITE_END]);
	if (read(ends[READ_END], &error, sizeof error) != sizeof error)
		error = 0;
	close(ends[READ_END]);
	wait_end(pid);
	return error;
}

int mode_runs(int count, char **arguments)
{
	report_to(STDOUT_FILENO);
	for (int i = 0; i < count; i++) {
		int error = exec_error(arguments[i]);
		report_outcome(error == 0, arguments[i], error);
	}
	return 0;
}
