/*
 * Ports that lead elsewhere: those of this machine into the network of steps, or one of a step's
 * network to a Unix socket. Sockets that listen belong to the network in which they were opened.
 */
#ifndef TSBUILD_NETWORK_PUBLISHED_H
#define TSBUILD_NETWORK_PUBLISHED_H

#include <stdbool.h>

#include "network/address.h"
#include "network/source.h"

/* Addresses of the network of steps, which has one of each family at most. */
#define MAX_TARGETS 2
/* Bytes that are carried at once, a whole datagram at least. */
#define LARGEST_PIECE 65536

struct targets {
	struct prefix addresses[MAX_TARGETS];
	size_t count;
	struct endpoint local; /* a Unix socket in their place, where its size is not 0 */
};

/* Everything that ports share. */
struct forwarder {
	int epoll;
	struct targets targets;
	struct port *ports; /* of all addresses */
	size_t connections, most_connections;
	struct flow *flows;
	char piece[LARGEST_PIECE]; /* what is carried now */
};

/* A socket that listens. */
struct port {
	struct source source;
	struct forwarder *forwarder;
	bool datagrams;
	uint16_t to; /* port at the target's address */
	struct port *next;
};

/*
 * Opens the ports that a text asks for: `tcp|udp:TO:FIRST:LAST:ADDRESS[,ADDRESS…]`. The first port
 * from FIRST to LAST is taken that is free at all addresses; 0 is any port. An address but the
 * first is passed over where this machine has no such address. Returns the port.
 */
uint16_t open_ports(struct forwarder *forwarder, const char *text);

/* Forwards until the process is ended. */
_Noreturn void forward(struct forwarder *forwarder);

/* Takes a connection, or a datagram, of a port. */
void take_stream(struct source *source, uint32_t events);
void take_datagram(struct source *source, uint32_t events);

#endif
