/* Answers to calls that give Unix sockets an address: bind and connect. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/short-path.h"
#include "sockets/addresses.h"
#include "sockets/answers.h"
#include "supervised/creation.h"
#include "supervised/paths.h"
#include "supervised/translated.h"
#include "supervised/waiting.h"
#include "supervisor/notify.h"

#define SOCKET_MODE 0777

/* Linux 5.9: the descriptor takes the place of another. */
#define NOTIFY_ADD_IN_PLACE 1

/* Room for a path in an address, which need not end in NUL there. */
#define PATH_ROOM (sizeof ((struct sockaddr_un *)0)->sun_path + 1)

/* A real socket that takes the place of a stand-in. */
struct exchange {
	struct call call;
	int fd;
	int flags; /* of the caller's descriptor: O_NONBLOCK, O_CLOEXEC */
	struct socket_name name; /* as the step says it */
};

/* Reads the flags of a descriptor of the caller. */
static int flags_of(const struct call *call, int number)
{
	char line[64];
	int flags = 0;
	cleanup_file FILE *file = fopen(short_path("/proc/%d/fdinfo/%d", call->pid, number).text, "re");
	while (file && fgets(line, sizeof line, file))
		if (sscanf(line, "flags: %o", (unsigned *)&flags) == 1)
			break;
	return flags;
}

/* Makes the real socket with the options of its stand-in; -1 with errno. */
static int make_real(const struct socket_entry *entry)
{
	int fd = socket(AF_UNIX, entry->kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	for (size_t i = 0; fd >= 0 && i < entry->option_count; i++) {
		const struct socket_option *option = &entry->options[i];
		setsockopt(fd, SOL_SOCKET, option->name, option->value, option->size);
	}
	return fd;
}

/* Puts the real socket in the place of the caller's descriptor. Returns 0 or a negative errno. */
static int put_in_place(const struct exchange *exchange)
{
	struct notify_add add = {
		.id = exchange->call.id,
		.flags = NOTIFY_ADD_IN_PLACE,
		.from = (uint32_t)exchange->fd,
		.to = (uint32_t)exchange->call.args[0],
		.to_flags = (uint32_t)exchange->flags & O_CLOEXEC,
	};
	if (!(exchange->flags & O_NONBLOCK))
		fcntl(exchange->fd, F_SETFL, fcntl(exchange->fd, F_GETFL) & ~O_NONBLOCK);
	return ioctl(exchange->call.listener, NOTIFY_ADD, &add) < 0 ? -errno : 0;
}

static void write_path(const struct socket_name *name, char path[PATH_ROOM])
{
	size_t size = name->length - offsetof(struct sockaddr_un, sun_path);
	memcpy(path, name->address.sun_path, size);
	path[size] = 0;
}

/* Finds the stand-in of a call; NULL with the answer when it is none. */
static struct socket_entry *find_stand_in(const struct monitor *monitor, const struct call *call, struct answer *answer)
{
	struct found_socket found = find_socket(monitor->translated->sockets, call, (int)call->args[0]);
	if (found.kind != UNIX_SOCKET) {
		*answer = CONTINUE;
		return NULL;
	}
	if (found.entry && found.entry->other >= 0)
		return found.entry;
	*answer = VALUE(found.entry && found.entry->listens ? -EINVAL : -EISCONN);
	return NULL;
}

/* Returns the answer for a socket that is no stand-in, and is therefore bound already. */
static struct answer is_bound(struct answer answer) { return answer.kind == ANSWER_VALUE ? VALUE(-EINVAL) : answer; }

/*
 * Binds the real socket in the directory of a path, which is this process's working directory
 * meanwhile.
 */
static int bind_in(const struct place_in *place, int fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(place->name) >= sizeof address.sun_path)
		return -ENAMETOOLONG;
	strcpy(address.sun_path, place->name);
	if (fchdir(place->parent) < 0)
		return -errno;
	int error = bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ? -errno : 0;
	if (chdir("/proc") < 0)
		fail_errno("exec/supervisor", "Cannot leave a directory of the step");
	return error;
}

static int bind_path(const struct monitor *monitor, const struct exchange *exchange)
{
	char path[PATH_ROOM];
	cleanup_place struct place_in place = NO_PLACE;
	const struct call *call = &exchange->call;
	write_path(&exchange->name, path);
	int error = hold_text_place(monitor, call, path, &place);
	if (!error)
		error = place.slashes ? -ENOENT : bind_in(&place, exchange->fd);
	if (error)
		return error == -EEXIST ? -EADDRINUSE : error;
	cleanup_fd int made = openat(place.parent, place.name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	bool is_given = made >= 0 && give_new(monitor, call, place.parent, made, masked_mode(call, SOCKET_MODE));
	return is_given ? 0 : -errno;
}

static int bind_name(const struct monitor *monitor, const struct exchange *exchange)
{
	struct socket_name scoped;
	if (exchange->name.length <= offsetof(struct sockaddr_un, sun_path))
		return take_any_address(exchange->fd) ? 0 : -errno;
	if (!is_abstract(&exchange->name))
		return bind_path(monitor, exchange);
	int error = scope_name(monitor, &exchange->name, &scoped);
	if (error)
		return error;
	return bind(exchange->fd, (const struct sockaddr *)&scoped.address, scoped.length) < 0 ? -errno : 0;
}

/* Begins the exchange of a stand-in. Returns 0 or a negative errno. */
static int begin_exchange(struct exchange *exchange, const struct call *call, const struct socket_entry *entry)
{
	*exchange = (struct exchange){.call = *call, .fd = -1, .flags = flags_of(call, (int)call->args[0])};
	int error = read_name(call, &exchange->name);
	if (error)
		return error;
	exchange->fd = make_real(entry);
	return exchange->fd < 0 ? -errno : 0;
}

struct answer translate_bind(const struct monitor *monitor, const struct call *call)
{
	struct answer answer;
	struct exchange exchange;
	struct socket_entry *entry = find_stand_in(monitor, call, &answer);
	if (!entry)
		return is_bound(answer);
	int error = begin_exchange(&exchange, call, entry);
	cleanup_fd int fd = exchange.fd;
	if (!error)
		error = bind_name(monitor, &exchange);
	if (!error && listen(fd, SOMAXCONN) < 0)
		error = -errno;
	struct socket_entry *real = error ? NULL : add_socket_entry(monitor->translated->sockets, fd);
	if (!real)
		return VALUE(error ? error : -errno);
	real->listens = true;
	real->own = exchange.name;
	real->owner = credentials_of(call);
	return VALUE(put_in_place(&exchange));
}

/* Finds the socket that a path leads to, as an address of this process; 0 or a negative errno. */
static int find_path_name(const struct monitor *monitor, const struct exchange *exchange, int *held,
                          struct socket_name *real)
{
	struct stat status;
	char path[PATH_ROOM], inside[PATH_MAX];
	write_path(&exchange->name, path);
	*held = hold_text(monitor, &exchange->call, path);
	if (*held < 0)
		return *held;
	if (fstat(*held, &status) < 0 || !S_ISSOCK(status.st_mode) || !path_of(monitor, *held, inside))
		return -ECONNREFUSED;
	*real = (struct socket_name){.address = {.sun_family = AF_UNIX}, .length = sizeof real->address};
	strcpy(real->address.sun_path, proc_path_of(*held).text);
	return 0;
}

/* A connection that a thread makes, for a caller that waits until the listener has room. */
struct waiting_connection {
	struct exchange exchange;
	struct socket_name real;
	int held;
};

static int connect_to(int fd, const struct socket_name *real)
{
	return connect(fd, (const struct sockaddr *)&real->address, real->length) < 0 ? -errno : 0;
}

static void *connect_in_thread(void *data)
{
	struct waiting_connection *waiting = data;
	struct exchange *exchange = &waiting->exchange;
	fcntl(exchange->fd, F_SETFL, 0);
	int error = connect_to(exchange->fd, &waiting->real);
	answer_waiting(&exchange->call, error ? error : put_in_place(exchange));
	close(exchange->fd);
	if (waiting->held >= 0)
		close(waiting->held);
	free(waiting);
	return NULL;
}

static struct answer connect_waiting(const struct exchange *exchange, const struct socket_name *real, int held)
{
	struct waiting_connection *waiting = allocate(sizeof *waiting);
	*waiting = (struct waiting_connection){*exchange, *real, held < 0 ? -1 : fcntl(held, F_DUPFD_CLOEXEC, 0)};
	waiting->exchange.fd = fcntl(exchange->fd, F_DUPFD_CLOEXEC, 0);
	if (waiting->held >= 0)
		strcpy(waiting->real.address.sun_path, proc_path_of(waiting->held).text);
	int error = begin_waiting(connect_in_thread, waiting);
	if (!error)
		return (struct answer){ANSWER_SENT, 0};
	close(waiting->exchange.fd);
	free(waiting);
	return VALUE(-error);
}

static int find_real_name(const struct monitor *monitor, const struct exchange *exchange, int *held,
                          struct socket_name *real)
{
	if (exchange->name.length <= offsetof(struct sockaddr_un, sun_path))
		return -EINVAL;
	if (is_abstract(&exchange->name))
		return scope_name(monitor, &exchange->name, real);
	return find_path_name(monitor, exchange, held, real);
}

/* Returns the ids of whoever listens, if the step does. */
static struct ucred listener_of(const struct monitor *monitor, const struct socket_name *name)
{
	const struct socket_table *table = monitor->translated->sockets;
	for (size_t i = 0; table && i < MAX_SOCKETS; i++) {
		const struct socket_entry *entry = &table->entries[i];
		if (entry->inode && entry->listens && entry->own.length == name->length &&
		    memcmp(&entry->own.address, &name->address, name->length) == 0)
			return entry->owner;
	}
	return (struct ucred){0};
}

struct answer translate_connect(const struct monitor *monitor, const struct call *call)
{
	struct answer answer;
	struct exchange exchange;
	struct socket_name real;
	cleanup_fd int held = -1;
	const struct socket_entry *entry = find_stand_in(monitor, call, &answer);
	if (!entry)
		return answer;
	int error = begin_exchange(&exchange, call, entry);
	cleanup_fd int fd = exchange.fd;
	if (!error)
		error = find_real_name(monitor, &exchange, &held, &real);
	if (!error)
		error = take_any_address(fd) ? connect_to(fd, &real) : -errno;
	if (error && (error != -EAGAIN || exchange.flags & O_NONBLOCK))
		return VALUE(error);
	struct socket_entry *connected = add_socket_entry(monitor->translated->sockets, fd);
	if (!connected)
		return VALUE(-errno);
	connected->peer = exchange.name;
	connected->peer_owner = listener_of(monitor, &exchange.name);
	return error ? connect_waiting(&exchange, &real, held) : VALUE(put_in_place(&exchange));
}
