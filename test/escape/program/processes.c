/* Other processes, and more of the machine than a process is due. */
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include "attempt.h"

ATTEMPT(ptrace_attach_first) { return ptrace(PTRACE_ATTACH, 1, 0, 0); }
ATTEMPT(ptrace_seize_first) { return ptrace(PTRACE_SEIZE, 1, 0, 0); }

static struct iovec self_part(void)
{
	static char byte;
	return (struct iovec){&byte, 1};
}

ATTEMPT(read_memory_of_first)
{
	struct iovec here = self_part(), there = {(void *)0x400000, 1};
	return process_vm_readv(1, &here, 1, &there, 1, 0);
}

ATTEMPT(write_memory_of_first)
{
	struct iovec here = self_part(), there = {(void *)0x400000, 1};
	return process_vm_writev(1, &here, 1, &there, 1, 0);
}

ATTEMPT(signal_host_process) { return kill(outside.pid, SIGKILL); }
ATTEMPT(signal_first)
{
	if (kill(1, SIGSTOP) < 0 || kill(1, SIGKILL) < 0)
		return -1;
	say(kill(1, 0) == 0 ? "alive" : "dead");
	return 0;
}

/* Besides the first process, the shell of all this and this one. */
ATTEMPT(all_processes)
{
	int signalled = 0, opened = 0;
	for (pid_t pid = 2; pid < 70000; pid++) {
		if (pid == getpid() || pid == getppid())
			continue;
		signalled += kill(pid, 0) == 0;
		opened += syscall(434, pid, 0) >= 0;
	}
	say("%d signalled, %d opened", signalled, opened);
	return 0;
}

ATTEMPT(processes_seen)
{
	int count = 0;
	DIR *proc = opendir("/proc");
	for (struct dirent *entry; (entry = readdir(proc));)
		count += entry->d_name[0] >= '1' && entry->d_name[0] <= '9';
	say("%d", count);
	return 0;
}

ATTEMPT(command_line_of_first)
{
	char text[4096];
	int fd = open("/proc/1/cmdline", O_RDONLY);
	ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof text);
	if (length > 0 && !strstr(text, "tsbuild-sandbox")) {
		say("of another");
		return fd;
	}
	for (ssize_t i = 0; i < length; i++)
		say("%c", text[i] ? text[i] : i + 1 < length ? ' ' : 0);
	return fd;
}

ATTEMPT(descriptor_of_first) { return syscall(438, syscall(434, 1, 0), 0, 0); }
ATTEMPT(kcmp_first) { return syscall(SYS_kcmp, getpid(), 1, 0, 0, 0); }
ATTEMPT(move_pages_of_first) { return syscall(SYS_move_pages, 1, 0, NULL, NULL, NULL, 0); }
ATTEMPT(madvise_first)
{
	struct iovec there = {(void *)0x400000, 4096};
	return syscall(440, syscall(434, 1, 0), &there, 1, 21, 0);
}

/* Sets the limits of the first process to what they are. */
ATTEMPT(limits_of_first)
{
	struct rlimit limit;
	return prlimit(1, RLIMIT_CORE, NULL, &limit) < 0 ? -1 : prlimit(1, RLIMIT_CORE, &limit, NULL);
}

ATTEMPT(higher_limits)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_max++;
	return setrlimit(RLIMIT_NOFILE, &limit);
}

ATTEMPT(oom_score)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);
	return fd < 0 ? -1 : write(fd, "-1000", 5);
}

ATTEMPT(real_time_scheduling)
{
	struct sched_param parameters = {.sched_priority = 1};
	return sched_setscheduler(0, SCHED_FIFO, &parameters);
}

ATTEMPT(higher_priority) { return setpriority(PRIO_PROCESS, 0, -10); }

ATTEMPT(shared_memory_of_the_host)
{
	char line[512];
	int lines = -1;
	FILE *file = fopen("/proc/sysvipc/shm", "re");
	while (file && fgets(line, sizeof line, file))
		lines++;
	say("%d segments", lines);
	return 0;
}

ATTEMPT(environment)
{
	extern char **environ;
	for (char **at = environ; *at; at++)
		say("%s%.*s", at == environ ? "" : " ", (int)strcspn(*at, "="), *at);
	return 0;
}

ATTEMPT(supplementary_groups)
{
	gid_t groups[1024];
	int count = getgroups(LENGTH(groups), groups);
	for (int i = 0; i < count; i++)
		say("%s%u", i ? " " : "", groups[i]);
	return count;
}
