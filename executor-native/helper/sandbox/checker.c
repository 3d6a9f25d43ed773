#include "sandbox/checker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "sandbox/execute.h"

/* Linux 5.9. */
#define NR_CLOSE_RANGE 436
/* Descriptors that an older kernel is asked to close one by one; the helper has few. */
#define HIGHEST_FD 64

/* Bytes of one frame of output. */
#define PIECE 4096
/* Added to the number of a signal that ended a check, as in shells. */
#define SIGNALLED 128

struct checker {
	struct spec spec; /* with the words of the check */
	char **env;
	int null, ended; /* `ended` says that a child did */
	int output;      /* of the check that runs; -1 for none */
	pid_t check;     /* -1 for none */
};

/* Writes a frame. Without a reader the sandbox is about to end. */
static void answer(char kind, const char *bytes, size_t size)
{
	char frame[3 + PIECE] = {kind, (char)(size & 0xff), (char)(size >> 8)};
	memcpy(frame + 3, bytes, size);
	for (size_t sent = 0; sent < 3 + size;) {
		ssize_t count = send(CHECK_FD, frame + sent, 3 + size - sent, MSG_NOSIGNAL);
		if (count < 0 && errno != EINTR)
			_exit(0);
		sent += count > 0 ? (size_t)count : 0;
	}
}

static _Noreturn void become_check(const struct checker *checker, int output)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	report_to(-1); /* a check that cannot be started is none of the command's failures */
	dup2(checker->null, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	close(CHECK_FD);
	execute(&checker->spec, checker->env);
}

static void begin_check(struct checker *checker)
{
	int ends[2];
	if (checker->check > 0 || pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return;
	fcntl(ends[WRITE_END], F_SETFL, 0);
	checker->check = fork();
	if (checker->check == 0)
		become_check(checker, ends[WRITE_END]);
	close(ends[WRITE_END]);
	checker->output = ends[READ_END];
	/* Here, too, so that an order to kill finds the group. */
	if (checker->check > 0)
		setpgid(checker->check, checker->check);
	if (checker->check < 0) {
		close(checker->output);
		checker->output = -1;
		answer(CHECK_EXIT, "\1", 1);
	}
}

/* Passes on what a check has written; false when there is no more for now. */
static bool pass_output(struct checker *checker)
{
	char piece[PIECE];
	ssize_t size = checker->output < 0 ? 0 : read(checker->output, piece, sizeof piece);
	if (size > 0)
		answer(CHECK_OUTPUT, piece, (size_t)size);
	else if (checker->output >= 0 && (size == 0 || errno != EAGAIN)) {
		close(checker->output);
		checker->output = -1;
	}
	return size > 0;
}

/* Reports the end of a check. Processes that it leaves behind may write on, and nobody reads it. */
static void end_check(struct checker *checker)
{
	struct signalfd_siginfo ignored;
	int status;
	(void)!read(checker->ended, &ignored, sizeof ignored);
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		if (pid != checker->check)
			continue;
		char code = (char)(WIFSIGNALED(status) ? SIGNALLED + WTERMSIG(status) : WEXITSTATUS(status));
		pass_output(checker);
		if (checker->output >= 0)
			close(checker->output);
		checker->output = -1;
		checker->check = -1;
		answer(CHECK_EXIT, &code, 1);
	}
}

static void obey(struct checker *checker)
{
	char order;
	ssize_t size = recv(CHECK_FD, &order, 1, 0);
	if (size == 0 || (size < 0 && errno != EINTR))
		_exit(0);
	if (size == 1 && order == CHECK_BEGIN)
		begin_check(checker);
	if (size == 1 && order == CHECK_KILL && checker->check > 0)
		kill(-checker->check, SIGKILL);
}

/* Closes everything but what a checker uses: no descriptor of the command, and no status line. */
static void close_others(void)
{
	if (syscall(NR_CLOSE_RANGE, 0, CHECK_FD - 1, 0) == 0 && syscall(NR_CLOSE_RANGE, CHECK_FD + 1, ~0u, 0) == 0)
		return;
	for (int fd = 0; fd <= HIGHEST_FD; fd++)
		if (fd != CHECK_FD)
			close(fd);
}

/* Returns an input that has nothing, where the image hides /dev/null, too. */
static int open_nothing(void)
{
	int ends[2], null = open("/dev/null", O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (null >= 0)
		return null;
	if (pipe2(ends, O_CLOEXEC) < 0)
		_exit(EXIT_FAILED);
	close(ends[WRITE_END]);
	return ends[READ_END];
}

static _Noreturn void serve(const struct spec *spec, char **env)
{
	struct checker checker = {.spec = *spec, .env = env, .output = -1, .check = -1};
	sigset_t children;
	setsid();
	report_to(-1);
	close_others();
	checker.spec.args = spec->check;
	/* Descriptors 0 to 2 are given away before any that a check gets as one of them. */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		checker.null = open_nothing();
	checker.null = open_nothing();
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, NULL);
	checker.ended = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
	for (;;) {
		struct pollfd events[] = {{.fd = CHECK_FD, .events = POLLIN}, {.fd = checker.ended, .events = POLLIN}, {.fd = checker.output, .events = POLLIN}};
		if (poll(events, LENGTH(events), -1) < 0 && errno != EINTR)
			_exit(EXIT_FAILED);
		if (events[2].revents)
			pass_output(&checker);
		if (events[1].revents)
			end_check(&checker);
		if (events[0].revents)
			obey(&checker);
	}
}

void start_checker(const struct spec *spec, char **env)
{
	if (spec->check.count == 0)
		return;
	pid_t parent = fork();
	if (parent < 0)
		fail_errno("exec/sandbox-setup", "Cannot start the process for health checks");
	if (parent == 0) {
		if (fork() == 0)
			serve(spec, env);
		_exit(0);
	}
	wait_end(parent);
	close(CHECK_FD);
}
