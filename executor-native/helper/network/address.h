/* Addresses and prefixes, as the caller writes them: `192.0.2.1`, `2001:db8::/32`. */
#ifndef TSBUILD_NETWORK_ADDRESS_H
#define TSBUILD_NETWORK_ADDRESS_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

struct prefix {
	int family;
	uint8_t bytes[16];
	size_t size; /* of the address in bytes */
	uint8_t length;
};

/* Reads an address with or without the length of a prefix; ends the process for any other text. */
struct prefix read_prefix(const char *text);

/* An address of a socket, of either family. */
struct endpoint {
	struct sockaddr_storage address;
	socklen_t size;
};
struct endpoint endpoint_of(const struct prefix *prefix, uint16_t port);

/* Calls `visit` for each text of a list that is separated by commas. */
void each_in_list(const char *list, void (*visit)(const char *text, void *context), void *context);

#endif
