#include "sockets/socket-table.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/short-path.h"

/* The attribute in which the kernel names the protocol of a socket. */
#define PROTOCOL_ATTRIBUTE "system.sockprotoname"
#define UNIX_PROTOCOL "UNIX"

bool take_any_address(int fd)
{
	const struct sockaddr_un address = {.sun_family = AF_UNIX};
	return bind(fd, (const struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path)) == 0;
}

struct socket_entry *find_socket_entry(struct socket_table *table, uint64_t inode)
{
	for (size_t i = 0; table && i < MAX_SOCKETS; i++)
		if (table->entries[i].inode == inode)
			return &table->entries[i];
	return NULL;
}

/* Returns true when nobody has the other half any more. */
static bool is_left(const struct socket_entry *entry)
{
	struct pollfd polled = {.fd = entry->other};
	return poll(&polled, 1, 0) > 0 && polled.revents & POLLHUP;
}

static void forget(struct socket_entry *entry)
{
	if (entry->inode && entry->other >= 0)
		close(entry->other);
	*entry = (struct socket_entry){.other = -1};
}

/* Returns a free entry; stand-ins that are still there stay, if there is any other. */
static struct socket_entry *make_room(struct socket_table *table)
{
	for (size_t i = 0; i < MAX_SOCKETS; i++) {
		struct socket_entry *entry = &table->entries[table->next++ % MAX_SOCKETS];
		if (entry->inode && entry->other >= 0 && !is_left(entry))
			continue;
		forget(entry);
		return entry;
	}
	errno = ENFILE;
	return NULL;
}

/* Closes the halves of stand-ins that the step closed. */
static void close_left(struct socket_table *table)
{
	for (size_t i = 0; i < MAX_SOCKETS; i++)
		if (table->entries[i].inode && table->entries[i].other >= 0 && is_left(&table->entries[i]))
			forget(&table->entries[i]);
}

struct socket_entry *add_socket_entry(struct socket_table *table, int fd)
{
	struct stat status;
	if (table->next % 64 == 0)
		close_left(table);
	struct socket_entry *entry = fstat(fd, &status) == 0 ? make_room(table) : NULL;
	if (entry)
		entry->inode = status.st_ino;
	return entry;
}

struct found_socket find_socket(struct socket_table *table, const struct call *call, int number)
{
	char protocol[64];
	struct stat status;
	struct found_socket found = {.kind = NO_SOCKET};
	struct short_path path = short_path("/proc/%d/fd/%d", call->pid, number);
	if (number < 0 || stat(path.text, &status) < 0 || !S_ISSOCK(status.st_mode))
		return found;
	ssize_t length = getxattr(path.text, PROTOCOL_ATTRIBUTE, protocol, sizeof protocol - 1);
	protocol[length > 0 ? length : 0] = 0;
	/*
	 * A socket of an unknown protocol counts as a Unix socket: its addresses do not reach the
	 * kernel.
	 */
	bool is_other = *protocol && strncmp(protocol, UNIX_PROTOCOL, strlen(UNIX_PROTOCOL)) != 0;
	found.kind = is_other ? OTHER_SOCKET : UNIX_SOCKET;
	found.entry = is_other ? NULL : find_socket_entry(table, status.st_ino);
	return found;
}
