/* Unix sockets of the outside, and descriptors that are exchanged while the kernel uses them. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "attempt.h"

#define TRIES 2000

/* Linux 6.5. */
#define PEER_DESCRIPTOR 77

static atomic_bool ended;

/* Descriptors that take each other's place. */
static struct {
	int number, one, other;
} exchanged;

static socklen_t path_outside(struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(address->sun_path, sizeof address->sun_path, "/dev/shm/%.64s.s", outside.shm);
	return sizeof *address;
}

ATTEMPT(host_path_socket)
{
	struct sockaddr_un address;
	socklen_t size = path_outside(&address);
	return connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, size);
}

ATTEMPT(bind_outside)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%.100s.s", outside.file);
	return bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address);
}

/* Talks with itself over a socket, and says how both ends are called. */
static long talk(const struct sockaddr_un *address, socklen_t size)
{
	int one = 1, server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un own, peer;
	struct ucred ids = {.uid = (uid_t)-1};
	socklen_t own_size = sizeof own, peer_size = sizeof peer, ids_size = sizeof ids, one_size = sizeof one;
	char word[6] = "";
	setsockopt(server, SOL_SOCKET, SO_PASSCRED, &one, sizeof one);
	if (connect(client, (const struct sockaddr *)address, size) == 0 || bind(server, (const struct sockaddr *)address, size) < 0 ||
	    listen(server, 1) < 0 || connect(client, (const struct sockaddr *)address, size) < 0)
		return -1;
	int accepted = accept(server, NULL, NULL);
	if (write(client, "hello", 5) != 5 || read(accepted, word, 5) != 5 ||
	    getsockname(server, (struct sockaddr *)&own, &own_size) < 0 ||
	    getpeername(client, (struct sockaddr *)&peer, &peer_size) < 0 ||
	    getsockopt(client, SOL_SOCKET, SO_PEERCRED, &ids, &ids_size) < 0 ||
	    getsockopt(server, SOL_SOCKET, SO_PASSCRED, &one, &one_size) < 0)
		return -1;
	bool is_named = own_size == size && peer_size == size && memcmp(&own, address, size) == 0 && memcmp(&peer, address, size) == 0;
	say("%s %s %d %d %d", word, is_named ? "named" : "unnamed", (int)ids.uid, one, fcntl(server, F_GETFD));
	return 0;
}

ATTEMPT(own_path_socket)
{
	const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/tmp/own.s"};
	return talk(&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(address.sun_path) + 1));
}

ATTEMPT(own_abstract_socket)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int length = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "own-%.64s", outside.shm);
	return talk(&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length));
}

static void *exchange(void *nothing)
{
	(void)nothing;
	while (!ended) {
		dup2(exchanged.one, exchanged.number);
		dup2(exchanged.other, exchanged.number);
	}
	return NULL;
}

/* Calls with the number of a socket whose addresses the kernel may look up, which becomes a Unix socket. */
static int succeed_exchanged(int (*use)(int, const struct sockaddr *, socklen_t), const struct sockaddr_un *address)
{
	int done = 0;
	pthread_t thread;
	exchanged.one = socket(AF_INET, SOCK_STREAM, 0);
	exchanged.other = socket(AF_UNIX, SOCK_STREAM, 0);
	exchanged.number = dup(exchanged.one);
	ended = false;
	if (exchanged.other < 0 || pthread_create(&thread, NULL, exchange, NULL) != 0)
		return -1;
	for (int i = 0; i < TRIES; i++)
		done += use(exchanged.number, (const struct sockaddr *)address, sizeof *address) == 0;
	ended = true;
	pthread_join(thread, NULL);
	return done;
}

ATTEMPT(connect_exchanged)
{
	struct sockaddr_un address;
	path_outside(&address);
	say("%d reached", succeed_exchanged(connect, &address));
	return 0;
}

ATTEMPT(bind_exchanged)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%.100s.s", outside.file);
	say("%d made", succeed_exchanged(bind, &address));
	return 0;
}

/* A signal by such a descriptor reaches whoever made the other end. */
ATTEMPT(process_of_peer)
{
	int ends[2], descriptor = -1;
	socklen_t size = sizeof descriptor;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return -1;
	return getsockopt(ends[0], SOL_SOCKET, PEER_DESCRIPTOR, &descriptor, &size);
}
