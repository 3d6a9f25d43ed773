/* Addresses of Unix sockets in the memory of callers. */
#ifndef TSBUILD_SOCKETS_ADDRESSES_H
#define TSBUILD_SOCKETS_ADDRESSES_H

#include "chroot/answers.h"
#include "sockets/socket-table.h"

/* Reads the address that bind(2) and connect(2) are given. Returns 0 or a negative errno. */
int read_name(const struct call *call, struct socket_name *name);

/* Returns true for an address that is no path but a name of the network namespace. */
bool is_abstract(const struct socket_name *name);

/*
 * Writes the name that stands for an abstract one outside, as a step has such names of its own.
 * Returns 0 or a negative errno.
 */
int scope_name(const struct monitor *monitor, const struct socket_name *name, struct socket_name *scoped);

/* Returns the ids of the caller, as these are seen in the step (options.c). */
struct ucred credentials_of(const struct call *call);

#endif
