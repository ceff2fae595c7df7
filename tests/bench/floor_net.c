/* SPDX-License-Identifier: Apache-2.0 */
/* A network for floor: a veth pair, one end on a bridge that is there, the other in the container with
 * an address and a default route. All of it by the child, which has a socket of the host's namespace
 * from before its birth: the parent sleeps until its exec. Five requests. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/floor.h"

struct batch {
	char b[1024];
	size_t n;
	struct nlmsghdr *last;
	int requests;
};

static void begin(struct batch *b, uint16_t type, uint16_t flags, const void *head, size_t size)
{
	b->last = (struct nlmsghdr *)(void *)(b->b + b->n);
	*b->last = (struct nlmsghdr){.nlmsg_type = type,
				     .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags,
				     .nlmsg_len = (uint32_t)NLMSG_LENGTH(size)};
	memcpy(NLMSG_DATA(b->last), head, size);
	b->n += NLMSG_ALIGN(b->last->nlmsg_len);
	b->requests++;
}

static struct rtattr *attr(struct batch *b, uint16_t type, const void *data, size_t size)
{
	struct rtattr *a = (struct rtattr *)(void *)(b->b + b->n);

	*a = (struct rtattr){.rta_type = type, .rta_len = (uint16_t)RTA_LENGTH(size)};
	if (size)
		memcpy(RTA_DATA(a), data, size);
	b->n += RTA_ALIGN(a->rta_len);
	b->last->nlmsg_len = (uint32_t)(b->b + b->n - (char *)b->last);
	return a;
}

static void end(struct batch *b, struct rtattr *nest)
{
	nest->rta_len = (uint16_t)(b->b + b->n - (char *)nest);
}

/* Everything is acknowledged; the acknowledgements come in one or more datagrams. */
static void flush(int sock, const struct batch *b, const char *what)
{
	char answer[4096];
	int open = b->requests;

	if (send(sock, b->b, b->n, 0) < 0)
		floor_die(what);
	while (open > 0) {
		ssize_t n = recv(sock, answer, sizeof(answer), 0);
		if (n <= 0)
			floor_die(what);
		for (const struct nlmsghdr *m = (const void *)answer; NLMSG_OK(m, (size_t)n);
		     m = NLMSG_NEXT(m, n)) {
			const struct nlmsgerr *e = NLMSG_DATA(m);
			errno = -e->error;
			if (errno)
				floor_die(what);
			open--;
		}
	}
}

void net_prepare(struct floor *f, const char *bridge)
{
	f->host_sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	f->bridge = if_nametoindex(bridge);
	if (f->host_sock < 0 || !f->bridge)
		floor_die(bridge);
}

/* Neither end can be switched on before both are there. */
static void make_pair(const struct floor *f)
{
	struct ifinfomsg head = {.ifi_family = AF_UNSPEC};
	struct ifinfomsg up = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct batch b = {.n = 0};
	char name[IFNAMSIZ];

	if (netns < 0)
		floor_die("/proc/self/ns/net");
	snprintf(name, sizeof(name), "fl%s", strrchr(f->name, '-') + 1);
	begin(&b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
	attr(&b, IFLA_IFNAME, name, strlen(name) + 1);
	attr(&b, IFLA_MASTER, &f->bridge, 4);
	struct rtattr *info = attr(&b, IFLA_LINKINFO, NULL, 0);
	attr(&b, IFLA_INFO_KIND, "veth", 4);
	struct rtattr *data = attr(&b, IFLA_INFO_DATA, NULL, 0);
	struct rtattr *peer = attr(&b, VETH_INFO_PEER, &head, sizeof(head));
	attr(&b, IFLA_IFNAME, "eth0", 5);
	attr(&b, IFLA_NET_NS_FD, &netns, 4);
	end(&b, peer);
	end(&b, data);
	end(&b, info);
	begin(&b, RTM_NEWLINK, 0, &up, sizeof(up));
	attr(&b, IFLA_IFNAME, name, strlen(name) + 1);
	flush(f->host_sock, &b, "veth");
	close(netns);
}

/* 10.77.X.Y of a /16 whose first address is the bridge's, from the process id. */
void net_enter(const struct floor *f)
{
	unsigned number = 2 + (unsigned)strtoul(strrchr(f->name, '-') + 1, NULL, 10) % 65000;
	uint32_t own = htonl(0x0A4D0000U | number), gateway = htonl(0x0A4D0001U);
	struct batch b = {.n = 0};

	make_pair(f);
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	unsigned index = if_nametoindex("eth0");
	struct ifaddrmsg address = {.ifa_family = AF_INET, .ifa_prefixlen = 16, .ifa_index = index};
	struct ifinfomsg up = {.ifi_index = (int)index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	struct rtmsg route = {.rtm_family = AF_INET,
			      .rtm_table = RT_TABLE_MAIN,
			      .rtm_protocol = RTPROT_STATIC,
			      .rtm_type = RTN_UNICAST};
	if (sock < 0 || !index)
		floor_die("eth0");
	begin(&b, RTM_NEWADDR, NLM_F_CREATE, &address, sizeof(address));
	attr(&b, IFA_LOCAL, &own, 4);
	attr(&b, IFA_ADDRESS, &own, 4);
	begin(&b, RTM_NEWLINK, 0, &up, sizeof(up));
	begin(&b, RTM_NEWROUTE, NLM_F_CREATE, &route, sizeof(route));
	attr(&b, RTA_GATEWAY, &gateway, 4);
	flush(sock, &b, "address and route");
	close(sock);
}
