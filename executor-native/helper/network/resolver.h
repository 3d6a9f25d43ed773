/*
 * Carries queries for names from the network of steps to the host's resolvers, and answers back. It
 * reads nothing in them but their length.
 */
#ifndef TSBUILD_NETWORK_RESOLVER_H
#define TSBUILD_NETWORK_RESOLVER_H

#include <poll.h>
#include <stdint.h>

#include "network/address.h"

/* Addresses of resolvers that are asked, one after the other; systems ask three. */
#define MAX_RESOLVERS 3
/* Queries that wait for an answer. The oldest makes room for a new one. */
#define MAX_QUERIES 256
/* Bytes of a datagram. */
#define LARGEST_MESSAGE 65535

struct query {
	int fd; /* leads to a resolver; negative for none */
	struct sockaddr_storage asker;
	socklen_t asker_size;
	int64_t deadline; /* of the present resolver */
	size_t asked;     /* resolvers so far */
	size_t size;
	char *text;
	size_t event; /* place among those of poll */
};

struct resolver {
	int queries, connections; /* sockets in the network of steps */
	struct endpoint resolvers[MAX_RESOLVERS];
	size_t count;
	struct query waiting[MAX_QUERIES];
	size_t next; /* place of the next query */
	size_t relays; /* processes, one for each connection */
	char message[LARGEST_MESSAGE]; /* the present one */
};

/* Appends an address to the resolvers; more than there is room for are passed over. */
void add_resolver(struct resolver *resolver, const char *text);

/* Entries of poll at most. */
#define RESOLVER_EVENTS (MAX_QUERIES + 2)

/*
 * Writes the entries of poll, and returns their number. Note that queries without a socket have
 * none, because poll takes no more entries than the process may have descriptors.
 */
size_t wait_for_queries(struct resolver *resolver, struct pollfd *events);

/*
 * Returns milliseconds until `answer_queries` has something to do although nothing came; -1 for
 * never.
 */
int until_next(const struct resolver *resolver);

/* Handles the events of poll, and queries whose time is over. */
void answer_queries(struct resolver *resolver, const struct pollfd *events);

#endif
