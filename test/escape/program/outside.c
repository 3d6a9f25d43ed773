/* Makes the things that attempts look for. */
#include <arpa/inet.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "attempt.h"

int be_outside(void)
{
	char shm[64], path[128], byte;
	struct sockaddr_un abstract = {.sun_family = AF_UNIX}, named = {.sun_family = AF_UNIX};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int service = socket(AF_INET, SOCK_STREAM, 0), local = socket(AF_UNIX, SOCK_STREAM, 0);
	int beside = socket(AF_UNIX, SOCK_STREAM, 0);
	unsigned long own; /* process ids repeat in containers that share a network */
	if (getrandom(&own, sizeof own, 0) < 0)
		return 1;
	snprintf(shm, sizeof shm, "tsbuild-outside-%lx", own);
	snprintf(path, sizeof path, "/dev/shm/%s", shm);
	strcpy(abstract.sun_path + 1, shm);
	snprintf(named.sun_path, sizeof named.sun_path, "%.96s.s", path);
	int file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC); /* kept open: there is one of ours in /dev/pts */
	if (file < 0 || terminal < 0 || unlockpt(terminal) < 0 || bind(service, (struct sockaddr *)&address, sizeof address) < 0 || listen(service, 8) < 0 ||
	    getsockname(service, (struct sockaddr *)&address, &size) < 0 ||
	    bind(local, (struct sockaddr *)&abstract, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(shm))) < 0 || listen(local, 8) < 0 ||
	    bind(beside, (struct sockaddr *)&named, sizeof named) < 0 || listen(beside, 8) < 0) {
		perror("outside");
		return 1;
	}
	printf("%s %s %d %d\n", shm, shm, ntohs(address.sin_port), getpid());
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	unlink(path);
	unlink(named.sun_path);
	return 0;
}
