/*
 * Mode `network`: the network of a build's steps, while the caller lives. See "holder", "resolver"
 * and "stack" in README.md.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "modes/modes.h"
#include "network/confine.h"
#include "network/namespace.h"
#include "network/resolver.h"
#include "sandbox/capabilities.h"

/* Descriptor for status lines. */
#define STATUS_FD 4
/* Linux 5.9. */
#define NR_CLOSE_RANGE 436

#define USAGE "Usage: network PARENT LIMIT LINK ADDRESSES GATEWAYS UNREACHABLE RESOLVER RESOLVERS STACK…"

/* Arguments of the mode. */
enum { PARENT, LIMIT, LINK, ADDRESSES, GATEWAYS, UNREACHABLE, RESOLVER, RESOLVERS, STACK };

/* Ends of the pair of sockets between the holder and its child. */
enum { HOLDER, CHILD };

/* Rights of a stack until it gives them up: over the namespace, and to make a root of its own. */
#define STACK_CAPABILITIES (CAPABILITY(CAP_SYS_ADMIN) | CAPABILITY(CAP_NET_ADMIN) | CAPABILITY(CAP_NET_RAW) | \
	CAPABILITY(CAP_NET_BIND_SERVICE) | CAPABILITY(CAP_SETUID) | CAPABILITY(CAP_SETGID) | CAPABILITY(CAP_SETPCAP))

static char *const stack_environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", NULL};

/*
 * Starts the stack. A program outside the directories that its root shows is started by its
 * descriptor.
 */
static pid_t start_stack(char **command, int program)
{
	pid_t pid = fork();
	if (pid < 0)
		fail_errno("exec/network", "Cannot start a process for %s", command[0]);
	if (pid > 0)
		return pid;
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	limit_bounding_set(STACK_CAPABILITIES);
	limit_capabilities(STACK_CAPABILITIES);
	execve(command[0], command, stack_environment);
	if (errno == ENOENT)
		syscall(SYS_execveat, program, "", command, stack_environment, AT_EMPTY_PATH);
	fail_errno("exec/network", "Cannot start %s", command[0]);
}

/* Collects children; the end of the stack is the end of everything here. */
static void reap(struct resolver *resolver, pid_t stack)
{
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		if (pid != stack) {
			resolver->relays -= resolver->relays > 0;
			continue;
		}
		if (WIFSIGNALED(status))
			REPORT(.name = "stack-ended", .number_key = "signal", .number = WTERMSIG(status));
		else
			REPORT(.name = "stack-ended", .number_key = "code", .number = WEXITSTATUS(status));
		_exit(EXIT_FAILED);
	}
}

static _Noreturn void resolve(struct resolver *resolver, int ended, pid_t stack)
{
	struct pollfd *events = allocate(sizeof *events * (1 + RESOLVER_EVENTS));
	for (;;) {
		struct signalfd_siginfo ignored;
		events[0] = (struct pollfd){.fd = ended, .events = POLLIN};
		size_t count = 1 + wait_for_queries(resolver, events + 1);
		if (poll(events, count, until_next(resolver)) < 0) {
			if (errno == EINTR)
				continue;
			fail_errno("exec/network", "Cannot wait for queries of names");
		}
		if (events[0].revents && read(ended, &ignored, sizeof ignored) > 0)
			reap(resolver, stack);
		answer_queries(resolver, events + 1);
	}
}

static void take_resolver(const char *text, void *context) { add_resolver(context, text); }

static int watch_children(void)
{
	sigset_t children;
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, NULL);
	int fd = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		fail_errno("exec/network", "Cannot wait for processes");
	return fd;
}

/* Goes on as the first process of the stack's pid namespace, in the host's network. */
static _Noreturn void become_resolver(int control, const struct network_plan *plan, char **arguments, int limit)
{
	struct resolver *resolver = allocate(sizeof *resolver);
	struct network_namespace namespace;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	if (!receive_network_namespace(control, &namespace))
		_exit(EXIT_FAILED);
	close(control);
	resolver->queries = namespace.queries;
	resolver->connections = namespace.connections;
	for (size_t i = 0; i < MAX_QUERIES; i++)
		resolver->waiting[i].fd = -1;
	each_in_list(arguments[RESOLVERS], take_resolver, resolver);
	int ended = watch_children();
	int program = open(arguments[STACK], O_PATH); /* a script is opened again, by its interpreter */
	confine(namespace.fd);
	close(namespace.fd);
	pid_t stack = start_stack(arguments + STACK, program);
	if (!set_link_up(&namespace, plan, ended, limit)) {
		reap(resolver, stack);
		REPORT(.name = "stack-silent");
		_exit(EXIT_FAILED);
	}
	close(namespace.netlink);
	limit_bounding_set(0);
	limit_capabilities(0);
	REPORT(.name = "ready");
	resolve(resolver, ended, stack);
}

int mode_network(int count, char **arguments)
{
	uint64_t parent, limit;
	if (count <= STACK || !parse_number(arguments[PARENT], INT32_MAX, &parent) || !parse_number(arguments[LIMIT], INT32_MAX, &limit))
		fail("exec/internal", USAGE);
	report_to(STATUS_FD);
	fcntl(STATUS_FD, F_SETFD, FD_CLOEXEC);
	syscall(NR_CLOSE_RANGE, STATUS_FD + 1, ~0u, 0);
	close(STATUS_FD - 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != (pid_t)parent)
		return EXIT_FAILED;
	struct network_plan plan = {arguments[LINK], arguments[ADDRESSES], arguments[GATEWAYS], arguments[UNREACHABLE], arguments[RESOLVER]};
	unsigned long namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
	int control[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) < 0)
		fail_errno("exec/network", "Cannot make a pair of sockets");
	pid_t child = (pid_t)syscall(SYS_clone, namespaces | SIGCHLD, NULL, NULL, NULL, NULL);
	if (child < 0)
		fail_errno("exec/namespaces", "Cannot make namespaces for the network of steps");
	if (child == 0) {
		close(control[HOLDER]);
		become_resolver(control[CHILD], &plan, arguments, (int)limit);
	}
	close(control[CHILD]);
	struct network_namespace made = make_network_namespace(&plan);
	send_network_namespace(control[HOLDER], &made);
	close(control[HOLDER]);
	close(made.fd);
	close(made.netlink);
	close(made.queries);
	close(made.connections);
	wait_end(child);
	return EXIT_FAILED;
}
