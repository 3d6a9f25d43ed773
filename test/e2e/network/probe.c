/*
 * Tries to reach what its arguments name, and prints a line for each: the argument, a tab, the
 * outcome. That is what a service says, "done", or the name of an error.
 *
 *     tcp ADDRESS PORT [LINK]   connects, on that link
 *     send ADDRESS PORT LINK    sends a datagram
 *     own ADDRESS               listens there itself, and connects
 *     abstract NAME             connects to a Unix socket by its abstract name
 *     dns tcp|udp               asks the first resolver of /etc/resolv.conf for a name
 *     host NAME PORT            connects to the address that /etc/hosts has
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE 2000

static union {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
} to;
static socklen_t size;

static void set(const char *address, int port)
{
	memset(&to, 0, sizeof to);
	if (strchr(address, ':')) {
		to.v6.sin6_family = AF_INET6, to.v6.sin6_port = htons((uint16_t)port), size = sizeof to.v6;
		inet_pton(AF_INET6, address, &to.v6.sin6_addr);
	} else {
		to.v4.sin_family = AF_INET, to.v4.sin_port = htons((uint16_t)port), size = sizeof to.v4;
		inet_pton(AF_INET, address, &to.v4.sin_addr);
	}
}

/* Connects and reads until the other end says something; returns bytes or -1. */
static ssize_t talk(int type, const char *link, const void *say, size_t length, char *answer, size_t room)
{
	int fd = socket(to.any.sa_family, type | SOCK_NONBLOCK, 0);
	struct pollfd event = {.fd = fd, .events = POLLOUT};
	int error = 0;
	socklen_t error_size = sizeof error;
	if (fd < 0 || (link && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, link, (socklen_t)strlen(link)) < 0))
		return -1;
	if (connect(fd, &to.any, size) < 0 && errno != EINPROGRESS)
		return -1;
	if (poll(&event, 1, PATIENCE) == 0)
		return errno = ETIMEDOUT, -1;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size);
	if (error || (length && send(fd, say, length, 0) < 0))
		return errno = error ? error : errno, -1;
	event.events = POLLIN;
	if (poll(&event, 1, PATIENCE) == 0)
		return errno = ETIMEDOUT, -1;
	return recv(fd, answer, room, 0);
}

static const char *word(ssize_t got, char *answer)
{
	if (got < 0)
		return strerrorname_np(errno);
	answer[got] = 0;
	return answer;
}

static const char *own(const char *address)
{
	static char answer[64];
	set(address, 0);
	int fd = socket(to.any.sa_family, SOCK_STREAM, 0);
	if (bind(fd, &to.any, size) < 0 || listen(fd, 1) < 0 || getsockname(fd, &to.any, &size) < 0)
		return strerrorname_np(errno);
	if (fork() == 0) {
		int peer = accept(fd, NULL, NULL);
		_exit(send(peer, "done", 4, 0) < 0);
	}
	close(fd);
	return word(talk(SOCK_STREAM, NULL, NULL, 0, answer, sizeof answer - 1), answer);
}

static const char *find(const char *file, const char *pattern, const char *wanted)
{
	static char first[128];
	char second[128], line[512];
	FILE *in = fopen(file, "r");
	while (in && fgets(line, sizeof line, in))
		if (sscanf(line, pattern, first, second) == 2 && (!strcmp(second, wanted) || !strcmp(first, wanted)))
			return strcmp(first, wanted) ? first : strcpy(first, second);
	return "";
}

static const char *dns(int type)
{
	static const char query[] = "\0\035\1\2\1\0\0\1\0\0\0\0\0\0\4name\4test\0\0\1\0\1";
	static char answer[512];
	size_t skip = type == SOCK_STREAM ? 0 : 2, length = sizeof query - 1;
	char message[sizeof query];
	memcpy(message, query, sizeof query);
	message[1] = (char)(length - 2);
	set(find("/etc/resolv.conf", "%127s %127s", "nameserver"), 53);
	ssize_t got = talk(type, NULL, message + skip, length - skip, answer, sizeof answer);
	return got < 0 ? strerrorname_np(errno) : memcmp(answer + 2 - skip, "\1\2", 2) ? "another answer" : "answered";
}

static const char *send_datagram(char **words)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	set(words[1], atoi(words[2]));
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, words[3], (socklen_t)strlen(words[3])) < 0 || sendto(fd, "x", 1, 0, &to.any, size) < 0)
		return strerrorname_np(errno);
	return "sent";
}

static const char *reach(char **words, int count)
{
	static char answer[64];
	const char *kind = words[0];
	if (!strcmp(kind, "own"))
		return own(words[1]);
	if (!strcmp(kind, "send"))
		return send_datagram(words);
	if (!strcmp(kind, "dns"))
		return dns(strcmp(words[1], "tcp") ? SOCK_DGRAM : SOCK_STREAM);
	if (!strcmp(kind, "abstract")) {
		memset(&to, 0, sizeof to);
		to.local.sun_family = AF_UNIX;
		strcpy(to.local.sun_path + 1, words[1]);
		size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(words[1]));
		ssize_t got = talk(SOCK_STREAM, NULL, NULL, 0, answer, sizeof answer - 1);
		if (got >= 0)
			return word(got, answer);
		size = sizeof to.local; /* some servers take the zeros for a part of the name */
	} else
		set(strcmp(kind, "host") ? words[1] : find("/etc/hosts", "%127s %127s", words[1]), atoi(words[2]));
	return word(talk(SOCK_STREAM, count > 3 ? words[3] : NULL, NULL, 0, answer, sizeof answer - 1), answer);
}

int main(int count, char **arguments)
{
	for (int i = 1; i < count; i++) {
		char text[256], *words[8], *rest = strcpy(text, arguments[i]);
		int found = 0;
		while (found < 7 && (words[found] = strsep(&rest, " ")))
			found++;
		printf("%s\t%s\n", arguments[i], reach(words, found));
	}
	return 0;
}
