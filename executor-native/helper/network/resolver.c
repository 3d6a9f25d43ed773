#include "network/resolver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>

#include "base/util.h"

#define DNS_PORT 53
/* Milliseconds that a resolver has, before the next one is asked. */
#define PATIENCE 2000
/* Connections at once, and seconds of silence that end one. */
#define MAX_RELAYS 32
#define RELAY_PATIENCE 30

void add_resolver(struct resolver *resolver, const char *text)
{
	struct prefix address = read_prefix(text);
	if (resolver->count < MAX_RESOLVERS)
		resolver->resolvers[resolver->count++] = endpoint_of(&address, DNS_PORT);
}

static void forget(struct query *query)
{
	if (query->fd >= 0)
		close(query->fd);
	free(query->text);
	*query = (struct query){.fd = -1};
}

/* Asks the next resolver that takes the query; forgets a query that all were asked. */
static void ask_next(const struct resolver *resolver, struct query *query)
{
	while (query->asked < resolver->count) {
		const struct endpoint *to = &resolver->resolvers[query->asked++];
		if (query->fd >= 0)
			close(query->fd);
		query->fd = socket(to->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		query->deadline = milliseconds() + PATIENCE;
		if (query->fd >= 0 && connect(query->fd, (const struct sockaddr *)&to->address, to->size) == 0 &&
		    send(query->fd, query->text, query->size, 0) >= 0)
			return;
	}
	forget(query);
}

static void take_query(struct resolver *resolver)
{
	struct query query = {.fd = -1, .asker_size = sizeof query.asker};
	ssize_t size = recvfrom(resolver->queries, resolver->message, sizeof resolver->message, MSG_DONTWAIT, (struct sockaddr *)&query.asker, &query.asker_size);
	if (size <= 0)
		return;
	query.size = (size_t)size;
	query.text = memcpy(allocate(query.size), resolver->message, query.size);
	struct query *place = &resolver->waiting[resolver->next++ % MAX_QUERIES];
	forget(place);
	*place = query;
	ask_next(resolver, place);
}

/* Carries an answer back. A resolver that is not there is as good as one that is silent. */
static void take_answer(struct resolver *resolver, struct query *query)
{
	ssize_t size = recv(query->fd, resolver->message, sizeof resolver->message, MSG_DONTWAIT);
	if (size < 0 && errno == EAGAIN)
		return;
	if (size < 0) {
		ask_next(resolver, query);
		return;
	}
	(void)sendto(resolver->queries, resolver->message, (size_t)size, MSG_DONTWAIT, (struct sockaddr *)&query->asker, query->asker_size);
	forget(query);
}

static int connect_to_any(const struct resolver *resolver)
{
	for (size_t i = 0; i < resolver->count; i++) {
		const struct endpoint *to = &resolver->resolvers[i];
		cleanup_fd int fd = socket(to->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, (const struct sockaddr *)&to->address, to->size) == 0)
			return take_fd(&fd);
	}
	return -1;
}

/* Moves the bytes that have come from one end to the other; false at the end of the stream. */
static bool carry(int from, int to)
{
	char bytes[16384];
	ssize_t size = recv(from, bytes, sizeof bytes, 0);
	for (ssize_t sent = 0, more; sent < size; sent += more)
		if ((more = send(to, bytes + sent, (size_t)(size - sent), MSG_NOSIGNAL)) <= 0)
			return false;
	return size > 0;
}

/* Carries one connection to a resolver, until either end closes it or both are silent. */
static _Noreturn void relay(const struct resolver *resolver, int inside)
{
	alarm(RELAY_PATIENCE);
	int outside = connect_to_any(resolver);
	for (bool open = outside >= 0; open;) {
		struct pollfd events[] = {{.fd = inside, .events = POLLIN}, {.fd = outside, .events = POLLIN}};
		if (poll(events, LENGTH(events), -1) < 0)
			break;
		if (events[0].revents)
			open = carry(inside, outside);
		if (open && events[1].revents)
			open = carry(outside, inside);
		alarm(RELAY_PATIENCE);
	}
	_exit(0);
}

static void take_connection(struct resolver *resolver)
{
	cleanup_fd int fd = accept4(resolver->connections, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0 || resolver->relays >= MAX_RELAYS)
		return;
	pid_t child = fork();
	if (child == 0) {
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		relay(resolver, fd);
	}
	resolver->relays += child > 0;
}

size_t wait_for_queries(struct resolver *resolver, struct pollfd *events)
{
	size_t count = 2;
	events[0] = (struct pollfd){.fd = resolver->queries, .events = POLLIN};
	events[1] = (struct pollfd){.fd = resolver->connections, .events = POLLIN};
	for (size_t i = 0; i < MAX_QUERIES; i++) {
		struct query *query = &resolver->waiting[i];
		if (query->fd < 0)
			continue;
		query->event = count++;
		events[query->event] = (struct pollfd){.fd = query->fd, .events = POLLIN};
	}
	return count;
}

int until_next(const struct resolver *resolver)
{
	int64_t first = INT64_MAX, time = milliseconds();
	for (size_t i = 0; i < MAX_QUERIES; i++)
		if (resolver->waiting[i].fd >= 0 && resolver->waiting[i].deadline < first)
			first = resolver->waiting[i].deadline;
	return first == INT64_MAX ? -1 : first <= time ? 0 : (int)(first - time);
}

void answer_queries(struct resolver *resolver, const struct pollfd *events)
{
	int64_t time = milliseconds();
	for (size_t i = 0; i < MAX_QUERIES; i++) {
		struct query *query = &resolver->waiting[i];
		if (query->fd < 0)
			continue;
		if (events[query->event].revents)
			take_answer(resolver, query);
		else if (query->deadline <= time)
			ask_next(resolver, query);
	}
	if (events[0].revents)
		take_query(resolver);
	if (events[1].revents)
		take_connection(resolver);
}
