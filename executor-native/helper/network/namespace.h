/* The network namespace of a build's steps. */
#ifndef TSBUILD_NETWORK_NAMESPACE_H
#define TSBUILD_NETWORK_NAMESPACE_H

#include <stdbool.h>

#include "network/address.h"

/* Settings of the namespace, as the caller gives them; lists are separated by commas. */
struct network_plan {
	const char *link;        /* name of the link that the stack makes */
	const char *addresses;   /* of that link */
	const char *gateways;    /* of default routes */
	const char *unreachable; /* prefixes that nobody reaches */
	const char *resolver;    /* address at which the namespace finds its resolver */
};

/* The namespace, and sockets in it. */
struct network_namespace {
	int fd, netlink;
	int queries;     /* datagrams to the resolver */
	int connections; /* to the resolver, to be accepted */
};

/*
 * Makes a network namespace for this process, with a loopback that is up, unreachable prefixes and
 * the resolver's sockets. A process in a user namespace cannot return to the host's network.
 */
struct network_namespace make_network_namespace(const struct network_plan *plan);

/* Hands the namespace to a process that stays in the host's network. */
void send_network_namespace(int control, const struct network_namespace *made);
bool receive_network_namespace(int control, struct network_namespace *received);

/*
 * Gives the stack's link its addresses and routes, once it is there. Returns false when `limit`
 * milliseconds have gone or `stack` is readable before.
 */
bool set_link_up(const struct network_namespace *namespace, const struct network_plan *plan, int stack, int limit);

#endif
