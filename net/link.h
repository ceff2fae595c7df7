/* SPDX-License-Identifier: Apache-2.0 */
/* rtnetlink requests about links, addresses and routes, written into a list (net/netlink.h), and the
 * questions that are asked about them. */
#pragma once

#include "net/ip.h"
#include "net/netlink.h"

/* A new link. Zero and NULL: not said. */
struct link_new {
	const char *name;
	const uint8_t *mac;
	uint32_t mtu;
	uint32_t master; /* index of the bridge */
	int netns;       /* descriptor of the namespace that gets it, when has_netns */
	bool has_netns;
	bool is_up;
};

void link_bridge(struct nl *l, const struct link_new *bridge);
void link_veth(struct nl *l, const struct link_new *here, const struct link_new *peer);
/* kind: "macvlan" (mode "bridge", "private" …) or "ipvlan" ("l2", "l3") on the link `parent`. */
void link_vlan(struct nl *l, const char *kind, uint32_t parent, const char *mode,
	       const struct link_new *link);
void link_up(struct nl *l, uint32_t index);
/* Switches a port of a bridge on, which is to have no address of its own, not of IPv6 either. */
struct link_port {
	bool has_six;     /* the kernel has IPv6 */
	bool is_isolated; /* of the other ports it reaches those only that are not */
	bool is_hairpin;  /* frames may leave where they came in */
};
void link_up_port(struct nl *l, const char *name, const struct link_port *port);
void link_rename(struct nl *l, uint32_t index, const char *name);
/* "Not there" is success. */
void link_delete(struct nl *l, const char *name);

/* An address without the wait for others who might have it. */
void link_address(struct nl *l, uint32_t index, const struct cidr *address);
/* The default route through `gateway`, or through the link itself where that is none. */
void link_default_route(struct nl *l, uint32_t index, int family, const struct ip *gateway);

/* Shaping: a token bucket of `rate` bytes a second as the link's only queue. */
void link_rate(struct nl *l, uint32_t index, uint64_t rate, uint32_t mtu);

/* A link that only queues: what is sent on a detour through it comes back where it came from. It is
 * not switched on. */
void link_ifb(struct nl *l, const char *name);
/* Takes the detours of a link away, and lets it have others: of what comes in, or goes out. */
void link_detours(struct nl *l, uint32_t index);
struct link_detour {
	bool is_incoming;
	uint32_t through;  /* index of the other link */
	bool has_priority; /* it is given one on the way */
	uint32_t priority;
};
void link_detour(struct nl *l, uint32_t index, const struct link_detour *d);

/* Index of the link in the socket's namespace, or -ENODEV (err is set). */
int link_index(int sock, const char *name, struct err *err);
/* Whether it is there and switched on, which is the last step of making one. */
bool link_is_up(int sock, const char *name);

/* Calls `each` for every port of the bridge. */
typedef void link_each_port(void *ctx, const char *name);
int link_ports(int sock, uint32_t bridge, link_each_port *each, void *ctx, struct err *err);

struct link_stats {
	uint64_t rx_bytes, rx_packets, tx_bytes, tx_packets;
};
int link_read_stats(int sock, const char *name, struct link_stats *ret, struct err *err);

/* Calls `each` for every subnet that the host has an address in or a route to, default routes
 * excepted; both families. */
typedef void link_each_subnet(void *ctx, const struct cidr *subnet);
int link_subnets(int sock, link_each_subnet *each, void *ctx, struct err *err);
/* Whether the host has a default route, of IPv4 or IPv6: 1, 0 or -errno. */
int link_leads_out(int sock, struct err *err);
/* The link of the IPv4 default route, or -ENETUNREACH. */
int link_of_default_route(int sock, char ret_name[16], struct err *err);
