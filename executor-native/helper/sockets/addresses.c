#include "sockets/addresses.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/buffer.h"
#include "sockets/answers.h"
#include "supervised/translated.h"

#define PATH_START offsetof(struct sockaddr_un, sun_path)

/* Makes the length of a path what the kernel reports of it: with one NUL, where there is room. */
static void end_path(struct socket_name *name)
{
	size_t size = strnlen(name->address.sun_path, sizeof name->address.sun_path);
	if (size)
		name->length = (socklen_t)(PATH_START + size + (size < sizeof name->address.sun_path));
}

int read_name(const struct call *call, struct socket_name *name)
{
	uint32_t length = (uint32_t)call->args[2];
	memset(name, 0, sizeof *name);
	if (length > sizeof name->address || length < sizeof name->address.sun_family)
		return -EINVAL;
	if (!read_memory(call, call->args[1], &name->address, length))
		return -EFAULT;
	name->length = length;
	if (length > PATH_START)
		end_path(name);
	return name->address.sun_family == AF_UNIX ? 0 : -EINVAL;
}

bool is_abstract(const struct socket_name *name) { return name->length > PATH_START && !name->address.sun_path[0]; }

int scope_name(const struct monitor *monitor, const struct socket_name *name, struct socket_name *scoped)
{
	size_t size = name->length - PATH_START - 1;
	*scoped = (struct socket_name){.address = {.sun_family = AF_UNIX}};
	struct buffer text = buffer_in(scoped->address.sun_path + 1, sizeof scoped->address.sun_path - 1);
	append(&text, "tsbuild-%016" PRIx64 "-", monitor->translated->scope);
	if (text.length + size + 1 > sizeof scoped->address.sun_path)
		return -ENAMETOOLONG;
	memcpy(scoped->address.sun_path + 1 + text.length, name->address.sun_path + 1, size);
	scoped->length = (socklen_t)(PATH_START + 1 + text.length + size);
	return 0;
}

/* Writes as much of an address as there is room for, and its length. */
static struct answer write_name(const struct call *call, const struct socket_name *name)
{
	int32_t room, length = (int32_t)name->length;
	if (!read_memory(call, call->args[2], &room, sizeof room))
		return VALUE(-EFAULT);
	if (room < 0)
		return VALUE(-EINVAL);
	bool is_written = write_memory(call, call->args[1], &name->address, (size_t)(room < length ? room : length)) &&
	                  write_memory(call, call->args[2], &length, sizeof length);
	return VALUE(is_written ? 0 : -EFAULT);
}

static const struct socket_name unnamed = {{.sun_family = AF_UNIX}, sizeof(sa_family_t)};

struct answer translate_getsockname(const struct monitor *monitor, const struct call *call)
{
	struct found_socket found = find_socket(monitor->translated->sockets, call, (int)call->args[0]);
	if (!found.entry)
		return CONTINUE;
	return write_name(call, found.entry->own.length ? &found.entry->own : &unnamed);
}

struct answer translate_getpeername(const struct monitor *monitor, const struct call *call)
{
	struct found_socket found = find_socket(monitor->translated->sockets, call, (int)call->args[0]);
	if (!found.entry)
		return CONTINUE;
	if (found.entry->other >= 0 || found.entry->listens)
		return VALUE(-ENOTCONN);
	return write_name(call, found.entry->peer.length ? &found.entry->peer : &unnamed);
}
