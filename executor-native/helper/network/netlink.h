/* Requests to the kernel about links, addresses and routes, on a socket of their namespace. */
#ifndef TSBUILD_NETWORK_NETLINK_H
#define TSBUILD_NETWORK_NETLINK_H

#include <stdbool.h>

#include "network/address.h"

/* Opens a socket in the present namespace; a message comes on it when a link changes. */
int open_netlink(void);

/* Passes over messages about links that changed. */
void drop_messages(int netlink);

/* The functions below return false with errno when the kernel refuses. */
bool bring_link_up(int netlink, unsigned link, unsigned mtu);
bool add_address(int netlink, unsigned link, const struct prefix *address);
bool add_default_route(int netlink, unsigned link, const struct prefix *gateway);

/* Length of an address on a link. */
#define LINK_ADDRESS 6

/* Sets a neighbour's address on the link, permanently. */
bool add_neighbour(int netlink, unsigned link, const struct prefix *neighbour, const uint8_t address[LINK_ADDRESS]);

/* Stops the kernel's questions for addresses of neighbours on a link. */
bool stop_asking(int netlink, unsigned link, int family);

/*
 * Makes a prefix unreachable, by a rule. Note that a route would not do, because the kernel passes
 * over it for a socket that is bound to another link, as every program may do.
 */
bool add_unreachable(int netlink, const struct prefix *destination);

#endif
