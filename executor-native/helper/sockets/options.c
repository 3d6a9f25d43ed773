/* Answers to calls that make Unix sockets, and that set and return their options. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "chroot/identity.h"
#include "sockets/addresses.h"
#include "sockets/answers.h"
#include "supervised/translated.h"
#include "supervisor/ids.h"

#define KIND_FLAGS (SOCK_CLOEXEC | SOCK_NONBLOCK)

struct ucred credentials_of(const struct call *call)
{
	struct caller identity;
	const struct ids *ids = ids_of(call);
	pid_t process = read_identity(call, &identity) ? identity.process : call->pid;
	return (struct ucred){process, ids->user[EFFECTIVE], ids->group[EFFECTIVE]};
}

/* Returns the table, which the first socket makes. */
static struct socket_table *table_of(const struct monitor *monitor)
{
	struct translated *translated = monitor->translated;
	if (!translated->sockets)
		translated->sockets = allocate(sizeof *translated->sockets);
	return translated->sockets;
}

/* Makes two halves, of which the kernel lets nobody bind the first. False with errno. */
static bool make_pair(int type, int kind, int ends[2])
{
	if (socketpair(AF_UNIX, kind | SOCK_CLOEXEC | (type & SOCK_NONBLOCK), 0, ends) < 0)
		return false;
	if (take_any_address(ends[0]))
		return true;
	close(ends[0]);
	close(ends[1]);
	return false;
}

struct answer translate_socket(const struct monitor *monitor, const struct call *call)
{
	int type = (int)call->args[1], protocol = (int)call->args[2], kind = type & ~KIND_FLAGS, ends[2];
	if (protocol != 0 && protocol != AF_UNIX)
		return VALUE(-EPROTONOSUPPORT);
	if (kind != SOCK_STREAM && kind != SOCK_SEQPACKET)
		return VALUE(-ESOCKTNOSUPPORT); /* a datagram socket could send to any address */
	if (!make_pair(type, kind, ends))
		return VALUE(-errno);
	cleanup_fd int own = ends[0], other = ends[1];
	struct socket_entry *entry = add_socket_entry(table_of(monitor), own);
	if (!entry)
		return VALUE(-errno);
	entry->kind = kind;
	entry->other = take_fd(&other);
	return hand_over(call, own, type & SOCK_CLOEXEC);
}

struct answer translate_socketpair(const struct monitor *monitor, const struct call *call)
{
	int type = (int)call->args[1], kind = type & ~KIND_FLAGS, ends[2], numbers[2];
	(void)monitor;
	if ((int)call->args[0] != AF_UNIX)
		return VALUE(-EOPNOTSUPP);
	/* A datagram socket could send to any address; this kind keeps messages apart likewise. */
	if (kind == SOCK_DGRAM)
		kind = SOCK_SEQPACKET;
	if ((int)call->args[2] != 0 && (int)call->args[2] != AF_UNIX)
		return VALUE(-EPROTONOSUPPORT);
	if (!make_pair(type, kind, ends))
		return VALUE(-errno);
	cleanup_fd int first = ends[0], second = ends[1];
	if (!take_any_address(second))
		return VALUE(-errno);
	for (int i = 0; i < 2; i++) {
		numbers[i] = lend_descriptor(call, i ? second : first, type & SOCK_CLOEXEC);
		if (numbers[i] < 0)
			return VALUE(numbers[i]);
	}
	return VALUE(write_memory(call, call->args[3], numbers, sizeof numbers) ? 0 : -EFAULT);
}

/* Remembers an option of a stand-in. The kernel sets it there, and finds what is wrong with it. */
struct answer translate_setsockopt(const struct monitor *monitor, const struct call *call)
{
	struct socket_option option = {.name = (int)call->args[2], .size = (socklen_t)call->args[4]};
	struct found_socket found = find_socket(monitor->translated->sockets, call, (int)call->args[0]);
	struct socket_entry *entry = found.entry;
	if (entry && entry->other >= 0 && entry->option_count < MAX_OPTIONS && option.size <= sizeof option.value &&
	    read_memory(call, call->args[3], option.value, option.size))
		entry->options[entry->option_count++] = option;
	return CONTINUE;
}

/*
 * Returns the ids at the other end. For an accepted socket, whose client is not known, they are the
 * caller's own.
 */
struct answer translate_getsockopt(const struct monitor *monitor, const struct call *call)
{
	int32_t size;
	struct found_socket found = find_socket(monitor->translated->sockets, call, (int)call->args[0]);
	if (found.kind != UNIX_SOCKET || (int)call->args[1] != SOL_SOCKET)
		return CONTINUE;
	struct ucred owner = credentials_of(call);
	if (found.entry && found.entry->other < 0 && !found.entry->listens)
		owner = found.entry->peer_owner;
	if (found.entry && found.entry->other >= 0)
		owner = (struct ucred){0, (uid_t)-1, (gid_t)-1};
	if (!read_memory(call, call->args[4], &size, sizeof size))
		return VALUE(-EFAULT);
	if (size < 0)
		return VALUE(-EINVAL);
	size = size < (int32_t)sizeof owner ? size : (int32_t)sizeof owner;
	bool is_written = write_memory(call, call->args[3], &owner, (size_t)size) &&
	                  write_memory(call, call->args[4], &size, sizeof size);
	return VALUE(is_written ? 0 : -EFAULT);
}
