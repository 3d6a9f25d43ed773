#include "network/netlink.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"

/* Room for the attributes of a request: two addresses and a number. */
#define ATTRIBUTES_ROOM 128

/* Priority of our rules: after that for the addresses of this namespace, before all routes. */
#define FIRST_PRIORITY 1

struct request {
	struct nlmsghdr header;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg address;
		struct rtmsg route;
		struct fib_rule_hdr rule;
		struct ndmsg neighbour;
		struct ndtmsg table;
		char room[ATTRIBUTES_ROOM];
	};
};

int open_netlink(void)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		fail_errno("exec/network", "Cannot ask the kernel about links");
	return fd;
}

void drop_messages(int netlink)
{
	char message[4096];
	while (recv(netlink, message, sizeof message, MSG_DONTWAIT) > 0)
		;
}

static struct request begin(uint16_t type, uint16_t flags, size_t size)
{
	return (struct request){.header = {
	    .nlmsg_len = (uint32_t)NLMSG_LENGTH(size), .nlmsg_type = type, .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags), .nlmsg_seq = 1}};
}

static void add_attribute(struct request *request, uint16_t type, const void *data, size_t size)
{
	struct rtattr *attribute = (struct rtattr *)(void *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));
	attribute->rta_type = type;
	attribute->rta_len = (uint16_t)RTA_LENGTH(size);
	if (size > 0)
		memcpy(RTA_DATA(attribute), data, size);
	request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + (uint32_t)RTA_ALIGN(attribute->rta_len);
}

/* Sends a request, and waits for the kernel's answer among the messages about links. */
static bool ask(int netlink, const struct request *request)
{
	_Alignas(struct nlmsghdr) char room[4096];
	const struct nlmsghdr *answer = (const void *)room;
	if (send(netlink, request, request->header.nlmsg_len, 0) < 0)
		return false;
	do {
		if (recv(netlink, room, sizeof room, 0) < (ssize_t)sizeof(struct nlmsghdr))
			return false;
	} while (answer->nlmsg_type != NLMSG_ERROR || answer->nlmsg_seq != request->header.nlmsg_seq);
	errno = -((const struct nlmsgerr *)NLMSG_DATA(answer))->error;
	return errno == 0 || errno == EEXIST;
}

bool bring_link_up(int netlink, unsigned link, unsigned mtu)
{
	struct request request = begin(RTM_NEWLINK, 0, sizeof request.link);
	request.link = (struct ifinfomsg){.ifi_index = (int)link, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	add_attribute(&request, IFLA_MTU, &mtu, sizeof mtu);
	return ask(netlink, &request);
}

bool add_address(int netlink, unsigned link, const struct prefix *address)
{
	struct request request = begin(RTM_NEWADDR, NLM_F_CREATE, sizeof request.address);
	request.address = (struct ifaddrmsg){.ifa_family = (uint8_t)address->family, .ifa_prefixlen = address->length, .ifa_flags = IFA_F_NODAD, .ifa_index = link};
	add_attribute(&request, IFA_LOCAL, address->bytes, address->size);
	add_attribute(&request, IFA_ADDRESS, address->bytes, address->size);
	return ask(netlink, &request);
}

bool add_default_route(int netlink, unsigned link, const struct prefix *gateway)
{
	struct request request = begin(RTM_NEWROUTE, NLM_F_CREATE, sizeof request.route);
	request.route = (struct rtmsg){.rtm_family = (uint8_t)gateway->family, .rtm_table = RT_TABLE_MAIN,
	    .rtm_protocol = RTPROT_STATIC, .rtm_scope = RT_SCOPE_UNIVERSE, .rtm_type = RTN_UNICAST};
	add_attribute(&request, RTA_GATEWAY, gateway->bytes, gateway->size);
	add_attribute(&request, RTA_OIF, &link, sizeof link);
	return ask(netlink, &request);
}

bool add_neighbour(int netlink, unsigned link, const struct prefix *neighbour, const uint8_t address[LINK_ADDRESS])
{
	struct request request = begin(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, sizeof request.neighbour);
	request.neighbour = (struct ndmsg){.ndm_family = (uint8_t)neighbour->family, .ndm_ifindex = (int)link, .ndm_state = NUD_PERMANENT};
	add_attribute(&request, NDA_DST, neighbour->bytes, neighbour->size);
	add_attribute(&request, NDA_LLADDR, address, LINK_ADDRESS);
	return ask(netlink, &request);
}

bool stop_asking(int netlink, unsigned link, int family)
{
	static const uint16_t probes[] = {NDTPA_MCAST_PROBES, NDTPA_UCAST_PROBES, NDTPA_APP_PROBES};
	const char *name = family == AF_INET6 ? "ndisc_cache" : "arp_cache";
	struct request request = begin(RTM_SETNEIGHTBL, 0, sizeof request.table);
	uint32_t none = 0;
	request.table = (struct ndtmsg){.ndtm_family = (uint8_t)family};
	add_attribute(&request, NDTA_NAME, name, strlen(name) + 1);
	struct rtattr *settings = (struct rtattr *)(void *)((char *)&request + NLMSG_ALIGN(request.header.nlmsg_len));
	add_attribute(&request, NDTA_PARMS, NULL, 0);
	add_attribute(&request, NDTPA_IFINDEX, &link, sizeof link);
	for (size_t i = 0; i < LENGTH(probes); i++)
		add_attribute(&request, probes[i], &none, sizeof none);
	settings->rta_len = (uint16_t)((char *)&request + request.header.nlmsg_len - (char *)settings);
	return ask(netlink, &request);
}

bool add_unreachable(int netlink, const struct prefix *destination)
{
	struct request request = begin(RTM_NEWRULE, NLM_F_CREATE, sizeof request.rule);
	uint32_t priority = FIRST_PRIORITY;
	request.rule = (struct fib_rule_hdr){.family = (uint8_t)destination->family, .dst_len = destination->length, .action = FR_ACT_UNREACHABLE};
	add_attribute(&request, FRA_DST, destination->bytes, destination->size);
	add_attribute(&request, FRA_PRIORITY, &priority, sizeof priority);
	return ask(netlink, &request);
}
