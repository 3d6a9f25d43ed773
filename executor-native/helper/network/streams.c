/* Connections to published ports. */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "network/published.h"

/* One end of a connection. */
struct end {
	struct source source;
	struct relay *relay;
	char *pending;      /* bytes that it did not take yet; NULL for none */
	size_t start, size; /* of `pending` */
	bool has_ended;     /* nothing more comes from it */
	bool is_closed;       /* the end of the other one was passed on to it */
};

enum { OUTSIDE, INSIDE };

struct relay {
	struct end ends[2];
	struct forwarder *forwarder;
	uint16_t to;
	size_t tried; /* addresses inside */
};

static struct end *other_of(struct end *end)
{
	return &end->relay->ends[end == &end->relay->ends[OUTSIDE] ? INSIDE : OUTSIDE];
}

/* Accepts connections while there is room for them. */
static void attend_ports(struct forwarder *forwarder)
{
	uint32_t interest = forwarder->connections < forwarder->most_connections ? EPOLLIN : 0;
	for (struct port *port = forwarder->ports; port; port = port->next)
		if (!port->datagrams)
			wait_for(forwarder->epoll, &port->source, interest);
}

static void close_relay(struct relay *relay)
{
	struct forwarder *forwarder = relay->forwarder;
	for (size_t i = 0; i < LENGTH(relay->ends); i++) {
		close_source(forwarder->epoll, &relay->ends[i].source);
		free(relay->ends[i].pending);
	}
	free(relay);
	forwarder->connections--;
	attend_ports(forwarder);
}

/* Ends a connection as a machine does on which nobody listens. */
static void reset(struct relay *relay)
{
	const struct linger none = {.l_onoff = 1, .l_linger = 0};
	for (size_t i = 0; i < LENGTH(relay->ends); i++)
		if (relay->ends[i].source.fd >= 0)
			setsockopt(relay->ends[i].source.fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	close_relay(relay);
}

/* Keeps the bytes that an end does not take now. */
static void keep(struct end *end, const char *bytes, size_t size)
{
	end->pending = memcpy(allocate(size), bytes, size);
	end->start = 0;
	end->size = size;
}

/* Writes kept bytes. False when the connection is broken. */
static bool write_pending(struct end *end)
{
	ssize_t count = send(end->source.fd, end->pending + end->start, end->size - end->start, MSG_NOSIGNAL);
	if (count < 0)
		return errno == EAGAIN || errno == EINTR;
	end->start += (size_t)count;
	if (end->start == end->size) {
		free(end->pending);
		end->pending = NULL;
	}
	return true;
}

/* Moves what has come to the other end. False when the connection is broken. */
static bool move(struct end *from)
{
	char *piece = from->relay->forwarder->piece;
	struct end *to = other_of(from);
	ssize_t size = recv(from->source.fd, piece, LARGEST_PIECE, 0);
	if (size < 0)
		return errno == EAGAIN || errno == EINTR;
	from->has_ended = size == 0;
	ssize_t sent = size == 0 ? 0 : send(to->source.fd, piece, (size_t)size, MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN && errno != EINTR)
		return false;
	sent = sent < 0 ? 0 : sent;
	if (sent < size)
		keep(to, piece + sent, (size_t)(size - sent));
	return true;
}

/* Passes on to an end that nothing more comes, once it has everything. */
static void pass_end_on(struct end *end)
{
	if (!other_of(end)->has_ended || end->pending || end->is_closed)
		return;
	shutdown(end->source.fd, SHUT_WR);
	end->is_closed = true;
}

static void wait_for_both(struct relay *relay)
{
	for (size_t i = 0; i < LENGTH(relay->ends); i++) {
		struct end *end = &relay->ends[i];
		uint32_t reads = !end->has_ended && !other_of(end)->pending ? EPOLLIN : 0, writes = end->pending ? EPOLLOUT : 0;
		wait_for(relay->forwarder->epoll, &end->source, reads | writes);
	}
}

static void carry(struct source *source, uint32_t events)
{
	struct end *end = (struct end *)(void *)source;
	struct relay *relay = end->relay;
	bool good = !end->pending || !(events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) || write_pending(end);
	if (good && !end->has_ended && !other_of(end)->pending && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)))
		good = move(end);
	if (!good) {
		reset(relay);
		return;
	}
	for (size_t i = 0; i < LENGTH(relay->ends); i++)
		pass_end_on(&relay->ends[i]);
	if (relay->ends[OUTSIDE].is_closed && relay->ends[INSIDE].is_closed)
		close_relay(relay);
	else
		wait_for_both(relay);
}

static void connected(struct source *source, uint32_t events);

/* Finds the next address inside; false when there is none. */
static bool next_target(struct relay *relay, struct endpoint *to)
{
	const struct targets *targets = &relay->forwarder->targets;
	size_t index = relay->tried++;
	if (targets->local.size > 0) {
		*to = targets->local;
		return index == 0;
	}
	if (index >= targets->count)
		return false;
	*to = endpoint_of(&targets->addresses[index], relay->to);
	return true;
}

/* Connects with the next address inside; without one the connection is refused. */
static void connect_next(struct relay *relay)
{
	struct forwarder *forwarder = relay->forwarder;
	struct end *inside = &relay->ends[INSIDE];
	for (struct endpoint to; next_target(relay, &to);) {
		int yes = 1;
		close_source(forwarder->epoll, &inside->source);
		inside->source = (struct source){
			.fd = socket(to.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), .ready = connected};
		if (inside->source.fd < 0)
			continue;
		setsockopt(inside->source.fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
		if (connect(inside->source.fd, (struct sockaddr *)&to.address, to.size) == 0 || errno == EINPROGRESS) {
			wait_for(forwarder->epoll, &inside->source, EPOLLOUT);
			return;
		}
	}
	reset(relay);
}

static void connected(struct source *source, uint32_t events)
{
	struct end *inside = (struct end *)(void *)source;
	struct relay *relay = inside->relay;
	int error = 0;
	socklen_t size = sizeof error;
	(void)events;
	if (getsockopt(source->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error) {
		connect_next(relay);
		return;
	}
	source->ready = carry;
	wait_for_both(relay);
}

void take_stream(struct source *source, uint32_t events)
{
	struct port *port = (struct port *)(void *)source;
	struct forwarder *forwarder = port->forwarder;
	int yes = 1, fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	(void)events;
	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	struct relay *relay = allocate(sizeof *relay);
	relay->forwarder = forwarder;
	relay->to = port->to;
	relay->ends[OUTSIDE] = (struct end){.source = {.fd = fd, .ready = carry}, .relay = relay};
	relay->ends[INSIDE] = (struct end){.source = {.fd = -1}, .relay = relay};
	forwarder->connections++;
	attend_ports(forwarder);
	connect_next(relay);
}
