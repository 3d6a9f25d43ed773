/* The network, which a step shares with the host unless an option says otherwise. */
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "attempt.h"

ATTEMPT(raw_socket) { return socket(AF_INET, SOCK_RAW, 255); }
ATTEMPT(packet_socket) { return socket(AF_PACKET, SOCK_RAW, 0); }
ATTEMPT(vsock) { return socket(40, SOCK_STREAM, 0); }
ATTEMPT(crypto_socket) { return socket(38, SOCK_SEQPACKET, 0); }

ATTEMPT(denied_families)
{
	static const int families[] = {12, 19, 20, 23, 25, 34, 37, 38, 40};
	for (size_t i = 0; i < LENGTH(families); i++)
		say("%s%s", i ? " " : "", socket(families[i], SOCK_DGRAM, 0) < 0 ? strerrorname_np(errno) : "done");
	return 0;
}

ATTEMPT(link_down)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
	} request = {{sizeof request, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0}, {AF_UNSPEC, 0, 1, 0, IFF_UP, IFF_UP}};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char room[256];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	if (fd < 0 || send(fd, &request, sizeof request, 0) < 0 || recv(fd, &answer, sizeof answer, 0) < 0)
		return -1;
	errno = -answer.error.error;
	return answer.error.error;
}

ATTEMPT(link_flags)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return -1;
	return ioctl(fd, SIOCSIFFLAGS, &request);
}

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

ATTEMPT(mark)
{
	int value = 1;
	return setsockopt(socket(AF_INET, SOCK_DGRAM, 0), SOL_SOCKET, SO_MARK, &value, sizeof value);
}

ATTEMPT(packet_filter) { char data[84] = "filter"; socklen_t size = sizeof data; return getsockopt(socket(AF_INET, SOCK_DGRAM, 0), IPPROTO_IP, 64, data, &size); }

ATTEMPT(low_port)
{
	struct sockaddr_in address = loopback(3);
	return bind(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address);
}

ATTEMPT(host_service)
{
	struct sockaddr_in address = loopback(outside.port);
	return connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address);
}

/* On the link to a stack, which would take the address for its own host's. */
ATTEMPT(host_service_by_link)
{
	struct sockaddr_in address = loopback(outside.port);
	struct timeval patience = {.tv_sec = 1};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "tap0", 4) < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	return connect(fd, (struct sockaddr *)&address, sizeof address);
}

ATTEMPT(foreign_source)
{
	int value = 1;
	return setsockopt(socket(AF_INET, SOCK_DGRAM, 0), IPPROTO_IP, IP_TRANSPARENT, &value, sizeof value);
}

static socklen_t abstract(struct sockaddr_un *address, const char *name)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	strncpy(address->sun_path + 1, name, sizeof address->sun_path - 2);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
}

ATTEMPT(host_abstract_socket)
{
	struct sockaddr_un address;
	socklen_t size = abstract(&address, outside.abstract);
	return connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, size);
}

ATTEMPT(taken_abstract_name)
{
	struct sockaddr_un address;
	socklen_t size = abstract(&address, outside.abstract);
	return bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, size);
}

ATTEMPT(socket_diagnosis) { return socket(AF_NETLINK, SOCK_RAW, 4) < 0 ? -1 : 0; }
