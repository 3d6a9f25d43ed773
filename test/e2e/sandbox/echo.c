/* Sends back what comes: connections to port 81, datagrams to port 82. Also listens on port 83. */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_on(int type, int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
	int fd = socket(AF_INET, type, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || (type == SOCK_STREAM && listen(fd, 64) < 0))
		exit(1);
	return fd;
}

static void answer_datagrams(int fd)
{
	char bytes[2048];
	struct sockaddr_in sender;
	for (;;) {
		socklen_t size = sizeof sender;
		ssize_t count = recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&sender, &size);
		if (count >= 0)
			sendto(fd, bytes, (size_t)count, 0, (struct sockaddr *)&sender, size);
	}
}

static void answer_connection(int fd)
{
	static char bytes[65536];
	for (ssize_t count; (count = read(fd, bytes, sizeof bytes)) > 0;)
		for (ssize_t sent = 0, more; sent < count; sent += more)
			if ((more = write(fd, bytes + sent, (size_t)(count - sent))) <= 0)
				_exit(1);
	_exit(0);
}

int main(void)
{
	int streams = listen_on(SOCK_STREAM, 81), datagrams = listen_on(SOCK_DGRAM, 82);
	listen_on(SOCK_STREAM, 83);
	signal(SIGCHLD, SIG_IGN);
	if (fork() == 0)
		answer_datagrams(datagrams);
	fputs("up\n", stderr);
	for (;;) {
		int fd = accept(streams, NULL, NULL);
		if (fork() == 0)
			answer_connection(fd);
		close(fd);
	}
}
