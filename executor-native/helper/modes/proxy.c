/*
 * Mode `proxy`: a network of one step, whose only way out is a Unix socket. See "way out" in
 * README.md.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/short-path.h"
#include "base/util.h"
#include "modes/modes.h"
#include "network/netlink.h"
#include "network/published.h"
#include "sandbox/capabilities.h"

/* Descriptor for status lines. */
#define STATUS_FD 4
/* Connections of a step at once; the others wait to be accepted. */
#define MOST_CONNECTIONS 96
#define LOOPBACK 1
/* The size of packets on it, which is the kernel's own. */
#define LOOPBACK_MTU 65536

#define USAGE "Usage: proxy PARENT DIRECTORY SOCKET PORT"

/* Arguments of the mode. */
enum { PARENT, DIRECTORY, SOCKET, PORT, COUNT };

/* Returns the address of a socket in the present directory. */
static struct endpoint local_endpoint(const char *name)
{
	struct endpoint made = {.size = sizeof(struct sockaddr_un)};
	struct sockaddr_un *address = (struct sockaddr_un *)&made.address;
	size_t size = strlen(name);
	address->sun_family = AF_UNIX;
	if (size >= sizeof address->sun_path)
		fail("exec/internal", USAGE);
	memcpy(address->sun_path, name, size);
	return made;
}

static void make_network(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		fail_errno("exec/network", "Cannot make a network namespace");
	cleanup_fd int netlink = open_netlink();
	if (!bring_link_up(netlink, LOOPBACK, LOOPBACK_MTU))
		fail_errno("exec/network", "Cannot bring up the loopback in the network of a step");
}

int mode_proxy(int count, char **arguments)
{
	uint64_t parent, port;
	struct forwarder *forwarder = allocate(sizeof *forwarder);
	if (count != COUNT || !parse_number(arguments[PARENT], INT32_MAX, &parent) || !parse_number(arguments[PORT], UINT16_MAX, &port))
		fail("exec/internal", USAGE);
	report_to(STATUS_FD);
	fcntl(STATUS_FD, F_SETFD, FD_CLOEXEC);
	signal(SIGPIPE, SIG_IGN);
	if (chdir(arguments[DIRECTORY]) < 0)
		fail_errno("exec/network", "Cannot enter the directory of a step's proxy");
	forwarder->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (forwarder->epoll < 0)
		fail_errno("exec/internal", "Cannot wait for connections");
	forwarder->most_connections = MOST_CONNECTIONS;
	forwarder->targets.local = local_endpoint(arguments[SOCKET]);
	make_network();
	open_ports(forwarder, short_path("tcp:0:%u:%u:127.0.0.1", (unsigned)port, (unsigned)port).text);
	limit_bounding_set(0);
	limit_capabilities(0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* Said after that: the kernel forgets it when a process changes its rights. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != (pid_t)parent)
		return EXIT_FAILED;
	REPORT(.name = "ready");
	close(STATUS_FD);
	forward(forwarder);
}
