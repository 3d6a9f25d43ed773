#include "network/published.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"

/* Connections that wait to be accepted. */
#define WAITING 512
/* Attempts to find a port that is free at every address, where any will do. */
#define ATTEMPTS 32

/* A wish of the caller. */
struct wish {
	bool datagrams;
	uint64_t to, first, last;
	const char *addresses;
};

static struct wish read_wish(char *text)
{
	struct wish wish;
	const char *kind = strsep(&text, ":"), *to = strsep(&text, ":"), *first = strsep(&text, ":"), *last = strsep(&text, ":");
	if (!text || !parse_number(to, UINT16_MAX, &wish.to) || !parse_number(first, UINT16_MAX, &wish.first) ||
	    !parse_number(last, UINT16_MAX, &wish.last))
		fail("exec/internal", "A port to publish is no \"tcp|udp:TO:FIRST:LAST:ADDRESSES\"");
	wish.datagrams = strcmp(kind, "udp") == 0;
	wish.addresses = text;
	return wish;
}

/* Opens a socket at an address; -1 with errno. */
static int open_socket(const struct prefix *address, uint16_t number, bool datagrams)
{
	struct endpoint at = endpoint_of(address, number);
	int yes = 1;
	cleanup_fd int fd = socket(address->family, (datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (address->family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
	if (!datagrams)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (bind(fd, (struct sockaddr *)&at.address, at.size) < 0 || (!datagrams && listen(fd, WAITING) < 0))
		return -1;
	return take_fd(&fd);
}

static uint16_t number_of(int fd)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof address;
	if (getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		fail_errno("exec/internal", "Cannot find the port of a socket");
	return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
	                                           : ((struct sockaddr_in *)&address)->sin_port);
}

static void close_ports(struct forwarder *forwarder, const struct port *until)
{
	while (forwarder->ports != until) {
		struct port *port = forwarder->ports;
		forwarder->ports = port->next;
		close(port->source.fd);
		free(port);
	}
}

/* Opens one port at all addresses. Returns its number; 0 with errno when some address refuses. */
static uint16_t try_number(struct forwarder *forwarder, const struct wish *wish, uint16_t number)
{
	const struct port *before = forwarder->ports;
	cleanup_free char *copy = copy_text(wish->addresses);
	char *rest = copy;
	for (const char *text; (text = strsep(&rest, ","));) {
		struct prefix address = read_prefix(text);
		int fd = open_socket(&address, number, wish->datagrams);
		bool is_nowhere = fd < 0 && (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT);
		if (is_nowhere && forwarder->ports != before)
			continue;
		if (fd < 0) {
			int error = errno;
			close_ports(forwarder, before);
			errno = error;
			return 0;
		}
		struct port *port = allocate(sizeof *port);
		*port = (struct port){
			.source = {.fd = fd, .ready = wish->datagrams ? take_datagram : take_stream},
			.forwarder = forwarder, .datagrams = wish->datagrams, .to = (uint16_t)wish->to, .next = forwarder->ports};
		forwarder->ports = port;
		number = number_of(fd);
	}
	return number;
}

uint16_t open_ports(struct forwarder *forwarder, const char *text)
{
	cleanup_free char *copy = copy_text(text);
	const struct wish wish = read_wish(copy);
	const char *kind = wish.datagrams ? "udp" : "tcp";
	uint64_t attempts = wish.first == 0 ? ATTEMPTS : wish.last - wish.first + 1;
	for (uint64_t i = 0; i < attempts; i++) {
		uint16_t found = try_number(forwarder, &wish, (uint16_t)(wish.first == 0 ? 0 : wish.first + i));
		if (found > 0)
			return found;
		if (errno != EADDRINUSE)
			break;
	}
	if (wish.first == wish.last)
		fail_errno("run/publish", "Cannot listen on port %u/%s at %s of this machine", (unsigned)wish.first, kind, wish.addresses);
	fail_errno("run/publish", "Cannot listen on any port from %u to %u/%s at %s of this machine", (unsigned)wish.first,
	           (unsigned)wish.last, kind, wish.addresses);
}

void forward(struct forwarder *forwarder)
{
	for (struct port *port = forwarder->ports; port; port = port->next)
		wait_for(forwarder->epoll, &port->source, EPOLLIN);
	for (;;) {
		/* One at a time, because what is done for one may close others. */
		struct epoll_event event;
		int count = epoll_wait(forwarder->epoll, &event, 1, -1);
		if (count < 0 && errno != EINTR)
			fail_errno("exec/internal", "Cannot wait for connections");
		if (count > 0) {
			struct source *source = event.data.ptr;
			source->ready(source, event.events);
		}
	}
}
