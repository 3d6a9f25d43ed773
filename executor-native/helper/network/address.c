#include "network/address.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/util.h"

struct prefix read_prefix(const char *text)
{
	struct prefix prefix = {.family = strchr(text, ':') ? AF_INET6 : AF_INET};
	cleanup_free char *address = copy_text(text);
	char *slash = strchr(address, '/');
	uint64_t length;
	prefix.size = prefix.family == AF_INET6 ? 16 : 4;
	if (slash)
		*slash = 0;
	if (!parse_number(slash ? slash + 1 : "128", 128, &length) || inet_pton(prefix.family, address, prefix.bytes) != 1)
		fail("exec/internal", "\"%s\" is no address", text);
	prefix.length = (uint8_t)(length < prefix.size * 8 ? length : prefix.size * 8);
	return prefix;
}

struct endpoint endpoint_of(const struct prefix *prefix, uint16_t port)
{
	struct endpoint endpoint = {.size = 0};
	if (prefix->family == AF_INET6) {
		struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
		memcpy(&address.sin6_addr, prefix->bytes, prefix->size);
		memcpy(&endpoint.address, &address, endpoint.size = sizeof address);
	} else {
		struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
		memcpy(&address.sin_addr, prefix->bytes, prefix->size);
		memcpy(&endpoint.address, &address, endpoint.size = sizeof address);
	}
	return endpoint;
}

void each_in_list(const char *list, void (*visit)(const char *text, void *context), void *context)
{
	cleanup_free char *copy = copy_text(list);
	char *rest = copy;
	for (char *text; (text = strsep(&rest, ","));)
		if (*text)
			visit(text, context);
}
