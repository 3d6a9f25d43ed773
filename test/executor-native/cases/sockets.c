/* Unix sockets in the ways in which programs use them. Ends with 0 where one works. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME(path) ((struct sockaddr *)&(struct sockaddr_un){.sun_family = AF_UNIX, .sun_path = path})
#define SIZE sizeof(struct sockaddr_un)

static int serve(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	return bind(fd, (struct sockaddr *)&address, SIZE) == 0 && listen(fd, 1) == 0 ? fd : -1;
}

/* Accepts a connection, and sends a byte. */
static int answer(int server)
{
	int fd = accept(server, NULL, NULL);
	return fd >= 0 && write(fd, "x", 1) == 1;
}

static int by_path(void)
{
	char byte;
	int server = serve("/stream"), client = socket(AF_UNIX, SOCK_STREAM, 0);
	return connect(client, NAME("/stream"), SIZE) == 0 && answer(server) && read(client, &byte, 1) == 1;
}

static int datagram(void)
{
	char byte;
	int server = socket(AF_UNIX, SOCK_DGRAM, 0), client = socket(AF_UNIX, SOCK_DGRAM, 0);
	return server >= 0 && bind(server, NAME("/datagram"), SIZE) == 0 &&
	       sendto(client, "x", 1, 0, NAME("/datagram"), SIZE) == 1 && read(server, &byte, 1) == 1;
}

/* A child connects the socket that its parent reads from. */
static int of_parent(void)
{
	char byte;
	int status, server = serve("/shared"), client = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fork() == 0)
		_exit(connect(client, NAME("/shared"), SIZE) != 0);
	return wait(&status) > 0 && status == 0 && answer(server) && recv(client, &byte, 1, MSG_DONTWAIT) == 1;
}

/* A socket is in a set before it is connected. */
static int in_set(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	int set = epoll_create1(0), server = serve("/set"), client = socket(AF_UNIX, SOCK_STREAM, 0);
	return epoll_ctl(set, EPOLL_CTL_ADD, client, &event) == 0 && connect(client, NAME("/set"), SIZE) == 0 &&
	       answer(server) && epoll_wait(set, &event, 1, 0) == 1 && event.events == EPOLLIN;
}

static int accepted_name(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t size = sizeof address;
	int server = serve("/server"), client = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(client, NAME("/client"), SIZE) < 0 || connect(client, NAME("/server"), SIZE) < 0)
		return 0;
	return accept(server, (struct sockaddr *)&address, &size) >= 0 && strcmp(address.sun_path, "/client") == 0;
}

int main(int count, char **arguments)
{
	static const struct {
		const char *name;
		int (*works)(void);
	} ways[] = {
		{"by-path", by_path}, {"datagram", datagram}, {"of-parent", of_parent}, {"in-set", in_set}, {"accepted-name", accepted_name},
	};
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		if (count > 1 && strcmp(arguments[1], ways[i].name) == 0)
			return !ways[i].works();
	return 2;
}
