/*
 * Datagrams to published ports. Each sender has a socket of its own inside, so that an answer finds
 * its way back.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "network/published.h"

/* Senders at once. The one that was silent the longest makes room for a new one. */
#define MAX_FLOWS 512

/* A sender. */
struct flow {
	struct source source; /* inside */
	struct port *port;
	struct sockaddr_storage sender;
	socklen_t sender_size;
	int64_t used;
};

static void forget(struct flow *flow)
{
	close_source(flow->port->forwarder->epoll, &flow->source);
}

/* Carries an answer back. A refusal ends the flow; the sender may try again. */
static void take_answer(struct source *source, uint32_t events)
{
	struct flow *flow = (struct flow *)(void *)source;
	char *message = flow->port->forwarder->piece;
	ssize_t size = recv(source->fd, message, LARGEST_PIECE, MSG_DONTWAIT);
	(void)events;
	if (size < 0) {
		if (errno != EAGAIN && errno != EINTR)
			forget(flow);
		return;
	}
	flow->used = milliseconds();
	(void)sendto(flow->port->source.fd, message, (size_t)size, MSG_DONTWAIT, (struct sockaddr *)&flow->sender, flow->sender_size);
}

static bool is_of(const struct flow *flow, const struct port *port, const struct sockaddr_storage *sender, socklen_t size)
{
	return flow->source.fd >= 0 && flow->port == port && flow->sender_size == size && memcmp(&flow->sender, sender, size) == 0;
}

/* Returns the flow of a sender, or the one to make room for it. */
static struct flow *find_flow(struct forwarder *forwarder, const struct port *port, const struct sockaddr_storage *sender, socklen_t size)
{
	struct flow *oldest = &forwarder->flows[0];
	for (size_t i = 0; i < MAX_FLOWS; i++) {
		struct flow *flow = &forwarder->flows[i];
		if (is_of(flow, port, sender, size))
			return flow;
		if (oldest->source.fd >= 0 && (flow->source.fd < 0 || flow->used < oldest->used))
			oldest = flow;
	}
	return oldest;
}

/* Begins a flow at the first address inside that can be had; false for none. */
static bool begin_flow(struct flow *flow, struct port *port)
{
	const struct targets *targets = &port->forwarder->targets;
	for (size_t i = 0; i < targets->count; i++) {
		const struct prefix *address = &targets->addresses[i];
		struct endpoint to = endpoint_of(address, port->to);
		cleanup_fd int fd = socket(address->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd < 0 || connect(fd, (struct sockaddr *)&to.address, to.size) < 0)
			continue;
		flow->source = (struct source){.fd = take_fd(&fd), .ready = take_answer};
		flow->port = port;
		wait_for(port->forwarder->epoll, &flow->source, EPOLLIN);
		return true;
	}
	return false;
}

static struct flow *make_flows(void)
{
	struct flow *flows = allocate(sizeof *flows * MAX_FLOWS);
	for (size_t i = 0; i < MAX_FLOWS; i++)
		flows[i].source.fd = -1;
	return flows;
}

void take_datagram(struct source *source, uint32_t events)
{
	struct port *port = (struct port *)(void *)source;
	struct forwarder *forwarder = port->forwarder;
	struct sockaddr_storage sender = {.ss_family = 0};
	socklen_t sender_size = sizeof sender;
	char *message = forwarder->piece;
	ssize_t size = recvfrom(source->fd, message, LARGEST_PIECE, MSG_DONTWAIT, (struct sockaddr *)&sender, &sender_size);
	(void)events;
	if (size < 0)
		return;
	if (!forwarder->flows)
		forwarder->flows = make_flows();
	struct flow *flow = find_flow(forwarder, port, &sender, sender_size);
	if (!is_of(flow, port, &sender, sender_size)) {
		if (flow->source.fd >= 0)
			forget(flow);
		if (!begin_flow(flow, port))
			return;
		flow->sender = sender;
		flow->sender_size = sender_size;
	}
	flow->used = milliseconds();
	(void)send(flow->source.fd, message, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL);
}
