/* Paths that another thread exchanges between the look at them and their use, and ways to have the kernel look them up. */
#include <pthread.h>
#include <stdatomic.h>
#include <linux/magic.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "attempt.h"

#define OPENS 2000
#define STARTS 100
#define NOT_STARTED 99

static char text[4096];
static const char *first, *second;
static atomic_bool ended;

static void *exchange(void *nothing)
{
	(void)nothing;
	while (!ended) {
		strcpy(text, first);
		strcpy(text, second);
	}
	return NULL;
}

static pthread_t begin_exchange(const char *inside, const char *of_host)
{
	pthread_t thread;
	first = inside;
	second = of_host;
	ended = false;
	strcpy(text, inside);
	pthread_create(&thread, NULL, exchange, NULL);
	return thread;
}

ATTEMPT(open_exchanged)
{
	int read_outside = 0;
	char content[8];
	close(open("/tmp/own", O_CREAT | O_WRONLY, 0666));
	pthread_t thread = begin_exchange("/tmp/own", outside.file);
	for (int i = 0; i < OPENS; i++) {
		int fd = open(text, O_RDONLY);
		read_outside += fd >= 0 && read(fd, content, sizeof content) > 0;
		close(fd);
	}
	ended = true;
	pthread_join(thread, NULL);
	say("%d read", read_outside);
	return 0;
}

/* Nobody opens the outer /proc for a step that has none of its own. */
ATTEMPT(directory_exchanged)
{
	struct statfs status;
	bool is_handed_over = false;
	pthread_t thread = begin_exchange("/tmp/", "/proc");
	for (int i = 0; i < OPENS; i++) {
		int fd = open(text, O_RDONLY | O_DIRECTORY);
		is_handed_over |= fd >= 0 && fstatfs(fd, &status) == 0 && status.f_type == PROC_SUPER_MAGIC;
		close(fd);
	}
	ended = true;
	pthread_join(thread, NULL);
	say("%s", is_handed_over ? "handed over" : "not handed over");
	return 0;
}

ATTEMPT(exec_exchanged)
{
	int of_host = 0, status;
	char *const arguments[] = {"true", NULL}, *const nothing[] = {NULL};
	for (int i = 0; i < STARTS; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			begin_exchange("/bin/true", outside.program);
			execve(text, arguments, nothing);
			_exit(NOT_STARTED);
		}
		waitpid(pid, &status, 0);
		of_host += WIFEXITED(status) && WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != NOT_STARTED;
	}
	say("%d started", of_host);
	return 0;
}

/* The sixth argument is none that the kernel reads. */
ATTEMPT(exec_with_more_arguments)
{
	char *const arguments[] = {"true", NULL}, *const nothing[] = {NULL};
	return syscall(SYS_execveat, AT_FDCWD, outside.program, arguments, nothing, 0, ~0ul);
}

/* Watches would need paths that the kernel looks up. */
ATTEMPT(watches) { return inotify_init1(IN_CLOEXEC); }

static socklen_t address_beside(struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(address->sun_path, sizeof address->sun_path, "%.100s.s", outside.file);
	return sizeof *address;
}

ATTEMPT(bind_half_of_pair)
{
	int ends[2];
	struct sockaddr_un address;
	socklen_t size = address_beside(&address);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return -1;
	return bind(ends[0], (struct sockaddr *)&address, size);
}

ATTEMPT(send_from_half_of_pair)
{
	int ends[2];
	struct sockaddr_un address;
	socklen_t size = address_beside(&address);
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) < 0)
		return -1;
	return sendto(ends[0], "x", 1, 0, (struct sockaddr *)&address, size) < 0 ? -1 : 0;
}
