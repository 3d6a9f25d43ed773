/*
 * Mode `publish`: ports of this machine that lead into the network of steps. See "forwarder" in
 * README.md.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/short-path.h"
#include "base/util.h"
#include "modes/modes.h"
#include "network/published.h"
#include "sandbox/capabilities.h"

/* Descriptor that reads its end when the caller is gone, and the one for status lines. */
#define ALIVE_FD 3
#define STATUS_FD 4

/* Connections at once, where there are descriptors for them, and descriptors for all else. */
#define MOST_CONNECTIONS 4096
#define OTHER_DESCRIPTORS 1024

#define USAGE "Usage: publish PARENT HOLDER ADDRESSES PORTS…"

/* Arguments of the mode. */
enum { PARENT, HOLDER, ADDRESSES, PORTS };

static void take_target(const char *text, void *context)
{
	struct targets *targets = context;
	if (targets->count < MAX_TARGETS)
		targets->addresses[targets->count++] = read_prefix(text);
}

static int open_namespace(const char *holder, const char *kind)
{
	int fd = open(short_path("/proc/%s/ns/%s", holder, kind).text, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail_errno("run/publish", "Cannot find the network of steps");
	return fd;
}

/* Goes into the network, by a right of its user namespace, and gives up every right. */
static void enter(const char *holder)
{
	cleanup_fd int user = open_namespace(holder, "user"), network = open_namespace(holder, "net");
	if (setns(user, CLONE_NEWUSER) < 0 || setns(network, CLONE_NEWNET) < 0)
		fail_errno("run/publish", "Cannot enter the network of steps");
	limit_bounding_set(0);
	limit_capabilities(0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* Returns how many connections the process has descriptors for. */
static size_t count_connections(void)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return 1;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur > 2 * MOST_CONNECTIONS + OTHER_DESCRIPTORS)
		return MOST_CONNECTIONS;
	return files.rlim_cur > 2 * OTHER_DESCRIPTORS ? (size_t)(files.rlim_cur - OTHER_DESCRIPTORS) / 2 : 32;
}

static void end(struct source *source, uint32_t events)
{
	(void)source, (void)events;
	_exit(0);
}

int mode_publish(int count, char **arguments)
{
	uint64_t parent, holder;
	struct source alive = {.fd = ALIVE_FD, .ready = end};
	struct forwarder *forwarder = allocate(sizeof *forwarder);
	if (count <= PORTS || !parse_number(arguments[PARENT], INT32_MAX, &parent) || !parse_number(arguments[HOLDER], INT32_MAX, &holder))
		fail("exec/internal", USAGE);
	report_to(STATUS_FD);
	signal(SIGPIPE, SIG_IGN);
	setsid(); /* ctrl-c in a terminal is for the command */
	forwarder->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (forwarder->epoll < 0)
		fail_errno("exec/internal", "Cannot wait for connections");
	each_in_list(arguments[ADDRESSES], take_target, &forwarder->targets);
	forwarder->most_connections = count_connections();
	for (int i = PORTS; i < count; i++)
		REPORT(.name = "published", .number_key = "port", .number = open_ports(forwarder, arguments[i]));
	enter(arguments[HOLDER]);
	/* Said after that: the kernel forgets it when a process changes its rights. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != (pid_t)parent)
		return EXIT_FAILED;
	REPORT(.name = "ready");
	close(STATUS_FD);
	wait_for(forwarder->epoll, &alive, EPOLLIN | EPOLLHUP);
	forward(forwarder);
}
