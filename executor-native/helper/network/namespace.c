#include "network/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/control.h"
#include "base/util.h"
#include "network/netlink.h"

#define LOOPBACK 1
#define DNS_PORT 53
/* Bytes of a packet: the loopback's own size, and what both stacks take at most. */
#define LARGEST_MTU 65536
#define LINK_MTU 65520
/* Connections to the resolver that wait to be accepted. */
#define WAITING 64

/* Target of the functions below, each of which handles one text of a list. */
struct target {
	int netlink;
	unsigned link;
};

static void require(bool done, const char *what, const char *text)
{
	if (!done)
		fail_errno("exec/network", "Cannot %s %s in the network of steps", what, text);
}

static void take_address(const char *text, void *context)
{
	const struct target *target = context;
	struct prefix address = read_prefix(text);
	require(add_address(target->netlink, target->link, &address), "have the address", text);
}

/*
 * Adds a gateway, the only neighbour that there is. Note that the kernel takes any address for a
 * neighbour's where a program chooses the link and no route leads there, and stacks would answer
 * for it.
 */
static void take_gateway(const char *text, void *context)
{
	/* Stacks ignore the link address of a neighbour. */
	static const uint8_t anybody[LINK_ADDRESS] = {0x52, 0x55, 0x0a, 0x00, 0x02, 0x02};
	const struct target *target = context;
	struct prefix gateway = read_prefix(text);
	require(add_neighbour(target->netlink, target->link, &gateway, anybody), "have the neighbour", text);
	require(stop_asking(target->netlink, target->link, gateway.family), "stop asking for neighbours of", text);
	require(add_default_route(target->netlink, target->link, &gateway), "have the gateway", text);
}

static void take_unreachable(const char *text, void *context)
{
	const struct target *target = context;
	struct prefix prefix = read_prefix(text);
	require(add_unreachable(target->netlink, &prefix), "refuse", text);
}

static int listen_at(const struct prefix *address, int type)
{
	struct endpoint at = endpoint_of(address, DNS_PORT);
	int fd = socket(address->family, type | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at.address, at.size) < 0 || (type == SOCK_STREAM && listen(fd, WAITING) < 0))
		fail_errno("exec/network", "Cannot listen for queries of names");
	return fd;
}

/*
 * Writes a setting of the present network namespace; where /proc is read-only it keeps its default.
 */
static void set(const char *path, const char *text)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		return;
}

struct network_namespace make_network_namespace(const struct network_plan *plan)
{
	struct network_namespace made;
	struct prefix resolver = read_prefix(plan->resolver);
	if (unshare(CLONE_NEWNET) < 0)
		fail_errno("exec/network", "Cannot make a network namespace");
	made.fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	made.netlink = open_netlink();
	struct target loopback = {made.netlink, LOOPBACK};
	set("/proc/sys/net/ipv4/ping_group_range", "0 65535");
	set("/proc/sys/net/ipv6/conf/default/accept_ra", "0");
	require(bring_link_up(made.netlink, LOOPBACK, LARGEST_MTU), "bring up", "the loopback");
	require(add_address(made.netlink, LOOPBACK, &resolver), "have the address", plan->resolver);
	each_in_list(plan->unreachable, take_unreachable, &loopback);
	made.queries = listen_at(&resolver, SOCK_DGRAM);
	made.connections = listen_at(&resolver, SOCK_STREAM);
	if (made.fd < 0)
		fail_errno("exec/network", "Cannot find the network namespace");
	return made;
}

void send_network_namespace(int control, const struct network_namespace *made)
{
	const int all[] = {made->fd, made->netlink, made->queries, made->connections};
	for (size_t i = 0; i < LENGTH(all); i++)
		send_control(control, "", 1, all[i]);
}

bool receive_network_namespace(int control, struct network_namespace *received)
{
	int *const all[] = {&received->fd, &received->netlink, &received->queries, &received->connections};
	char byte;
	for (size_t i = 0; i < LENGTH(all); i++)
		if (receive_control(control, &byte, 1, all[i]) == 0 || *all[i] < 0)
			return false;
	return true;
}

/* Returns the number of a link, as a socket of the namespace knows it; 0 for none. */
static unsigned find_link(int socket_inside, const char *name)
{
	struct ifreq request = {.ifr_ifindex = 0};
	struct buffer room = BUFFER_IN(request.ifr_name);
	append(&room, "%s", name);
	return ioctl(socket_inside, SIOCGIFINDEX, &request) < 0 ? 0 : (unsigned)request.ifr_ifindex;
}

bool set_link_up(const struct network_namespace *namespace, const struct network_plan *plan, int stack, int limit)
{
	struct target target = {.netlink = namespace->netlink};
	int64_t end = milliseconds() + limit;
	while (!(target.link = find_link(namespace->queries, plan->link))) {
		struct pollfd events[] = {{.fd = namespace->netlink, .events = POLLIN}, {.fd = stack, .events = POLLIN}};
		int64_t left = end - milliseconds();
		if (left <= 0 || (poll(events, LENGTH(events), (int)left) < 0 && errno != EINTR) || events[1].revents)
			return false;
		drop_messages(namespace->netlink);
	}
	require(bring_link_up(target.netlink, target.link, LINK_MTU), "bring up", plan->link);
	each_in_list(plan->addresses, take_address, &target);
	each_in_list(plan->gateways, take_gateway, &target);
	return true;
}
