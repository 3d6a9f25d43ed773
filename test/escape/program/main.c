#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "attempt.h"

struct outside outside;

static struct {
	const char *name;
	attempt function;
} attempts[512];
static size_t attempt_count;

struct outcome {
	long result;
	int error;
	char text[2048];
};
static struct outcome *outcome;

void add_attempt(const char *name, attempt function)
{
	attempts[attempt_count].name = name;
	attempts[attempt_count++].function = function;
}

void say(const char *format, ...)
{
	size_t used = strlen(outcome->text);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(outcome->text + used, sizeof outcome->text - used, format, arguments);
	va_end(arguments);
}

long try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
	if (fd >= 0)
		close(fd);
	return fd;
}

long try_open_text(int flags, const char *format, ...)
{
	char path[8192];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(path, sizeof path, format, arguments);
	va_end(arguments);
	return try_open(path, flags);
}

long call_i386(long number, long a, long b, long c, long d, long e)
{
#ifdef __x86_64__
	long result = number;
	__asm__ volatile("int $0x80" : "+a"(result) : "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory", "r8", "r9", "r10", "r11");
	result = (int)result;
	if (result < 0 && result > -4096) {
		errno = (int)-result;
		return -1;
	}
	return result;
#else
	(void)number, (void)a, (void)b, (void)c, (void)d, (void)e;
	say("no such calls");
	return 0;
#endif
}

void *low_memory(void)
{
#ifdef MAP_32BIT
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
#else
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
#endif
}

/* Seconds after which an attempt counts as hanging. A busy machine needs many for all of /sys. */
enum { LIMIT = 240 };

static void run(size_t index)
{
	int status;
	memset(outcome, 0, sizeof *outcome);
	pid_t pid = fork();
	if (pid == 0) {
		alarm(LIMIT);
		outcome->result = attempts[index].function();
		outcome->error = errno;
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	printf("%s\t", attempts[index].name);
	if (WIFSIGNALED(status))
		printf("SIG%s\n", sigabbrev_np(WTERMSIG(status)));
	else if (outcome->result < 0)
		printf("%s\n", strerrorname_np(outcome->error));
	else
		printf("%s\n", outcome->text[0] ? outcome->text : "done");
	fflush(stdout);
}

int main(int count, char **arguments)
{
	if (count == 1)
		return be_outside();
	if (count == 2)
		return list_changes();
	if (count == 3 && strcmp(arguments[1], "change") == 0)
		return make_change(arguments[2]);
	if (count == 3)
		return mark_for_overlayfs(arguments[2]);
	if (count != 8 && count != 9)
		return 2;
	outside = (struct outside){arguments[1], arguments[2], arguments[3], arguments[4], arguments[5], atoi(arguments[6]), atoi(arguments[7])};
	outcome = mmap(NULL, sizeof *outcome, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	/* Attempts at device nodes are made by themselves, because they give the step a supervisor. */
	for (size_t i = 0; i < attempt_count; i++)
		if ((strncmp(attempts[i].name, "node_", strlen("node_")) == 0) == (count == 9))
			run(i);
	return 0;
}
