/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <linux/tc_act/tc_skbedit.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>

#include "net/link.h"
#include "runtime/base/str.h"

enum { NEW = NLM_F_CREATE | NLM_F_EXCL };

/* ---- making links -----------------------------------------------------------------------------*/

/* Everything but what kind of link it is. */
static void attributes(struct nl *l, const struct link_new *n)
{
	nl_text(l, IFLA_IFNAME, n->name);
	if (n->mac)
		nl_attr(l, IFLA_ADDRESS, n->mac, 6);
	if (n->mtu)
		nl_u32(l, IFLA_MTU, n->mtu);
	if (n->master)
		nl_u32(l, IFLA_MASTER, n->master);
	if (n->has_netns)
		nl_u32(l, IFLA_NET_NS_FD, (uint32_t)n->netns);
}

static struct ifinfomsg head_of(const struct link_new *n)
{
	unsigned up = n->is_up ? IFF_UP : 0;

	return (struct ifinfomsg){.ifi_family = AF_UNSPEC, .ifi_flags = up, .ifi_change = up};
}

static void begin(struct nl *l, const struct link_new *n)
{
	struct ifinfomsg head = head_of(n);

	nl_begin(l, RTM_NEWLINK, NEW, &head, sizeof(head));
	nl_why(l, "make the link %s", n->name);
	attributes(l, n);
}

void link_bridge(struct nl *l, const struct link_new *bridge)
{
	begin(l, bridge);
	size_t info = nl_nest(l, IFLA_LINKINFO, NULL, 0);
	nl_text(l, IFLA_INFO_KIND, "bridge");
	size_t data = nl_nest(l, IFLA_INFO_DATA, NULL, 0);
	/* Who is on it is known: nobody has to be asked for multicast groups. */
	nl_u8(l, IFLA_BR_MCAST_SNOOPING, 0);
	nl_u32(l, IFLA_BR_FORWARD_DELAY, 0);
	nl_end(l, data);
	nl_end(l, info);
}

void link_veth(struct nl *l, const struct link_new *here, const struct link_new *peer)
{
	struct ifinfomsg head = head_of(peer);

	begin(l, here);
	size_t info = nl_nest(l, IFLA_LINKINFO, NULL, 0);
	nl_text(l, IFLA_INFO_KIND, "veth");
	size_t data = nl_nest(l, IFLA_INFO_DATA, NULL, 0);
	size_t other = nl_nest(l, VETH_INFO_PEER, &head, sizeof(head));
	attributes(l, peer);
	nl_end(l, other);
	nl_end(l, data);
	nl_end(l, info);
}

static const struct {
	const char *word;
	uint32_t macvlan;
	uint16_t ipvlan;
} modes[] = {
	{"bridge", MACVLAN_MODE_BRIDGE, 0}, {"private", MACVLAN_MODE_PRIVATE, 0},
	{"vepa", MACVLAN_MODE_VEPA, 0},     {"l2", 0, IPVLAN_MODE_L2},
	{"l3", 0, IPVLAN_MODE_L3},
};

void link_vlan(struct nl *l, const char *kind, uint32_t parent, const char *mode,
	       const struct link_new *link)
{
	begin(l, link);
	nl_u32(l, IFLA_LINK, parent);
	size_t info = nl_nest(l, IFLA_LINKINFO, NULL, 0);
	nl_text(l, IFLA_INFO_KIND, kind);
	size_t data = nl_nest(l, IFLA_INFO_DATA, NULL, 0);
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (!str_eq(mode, modes[i].word))
			continue;
		if (str_eq(kind, "macvlan"))
			nl_u32(l, IFLA_MACVLAN_MODE, modes[i].macvlan);
		else
			nl_u16(l, IFLA_IPVLAN_MODE, modes[i].ipvlan);
	}
	nl_end(l, data);
	nl_end(l, info);
}

/* ---- changing them ----------------------------------------------------------------------------*/

static void change(struct nl *l, uint32_t index, unsigned flags)
{
	struct ifinfomsg head = {.ifi_index = (int)index, .ifi_flags = flags, .ifi_change = flags};

	nl_begin(l, RTM_NEWLINK, 0, &head, sizeof(head));
}

void link_up(struct nl *l, uint32_t index)
{
	change(l, index, IFF_UP);
	nl_why(l, "switch link %u on", index);
}

void link_up_port(struct nl *l, const char *name, const struct link_port *port)
{
	change(l, 0, IFF_UP);
	nl_why(l, "switch the link %s on", name);
	nl_text(l, IFLA_IFNAME, name);
	if (port->is_isolated || port->is_hairpin) {
		size_t info = nl_nest(l, IFLA_LINKINFO, NULL, 0);
		nl_text(l, IFLA_INFO_SLAVE_KIND, "bridge");
		size_t data = nl_nest(l, IFLA_INFO_SLAVE_DATA, NULL, 0);
		if (port->is_isolated)
			nl_u8(l, IFLA_BRPORT_ISOLATED, 1);
		if (port->is_hairpin)
			nl_u8(l, IFLA_BRPORT_MODE, 1);
		nl_end(l, data);
		nl_end(l, info);
	}
	if (!port->has_six)
		return;
	/* A new link takes this only once it is there. */
	size_t spec = nl_nest(l, IFLA_AF_SPEC, NULL, 0);
	size_t six = nl_nest(l, AF_INET6, NULL, 0);
	nl_u8(l, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	nl_end(l, six);
	nl_end(l, spec);
}

void link_rename(struct nl *l, uint32_t index, const char *name)
{
	change(l, index, 0);
	nl_text(l, IFLA_IFNAME, name);
	nl_why(l, "name a link %s", name);
}

void link_delete(struct nl *l, const char *name)
{
	struct ifinfomsg head = {.ifi_family = AF_UNSPEC};

	nl_begin(l, RTM_DELLINK, 0, &head, sizeof(head));
	nl_why(l, "remove the link %s", name);
	nl_fine(l, ENODEV);
	nl_text(l, IFLA_IFNAME, name);
}

void link_address(struct nl *l, uint32_t index, const struct cidr *a)
{
	char text[IP_TEXT_MAX];
	bool is_four = a->ip.n == 4;
	struct ifaddrmsg head = {
		.ifa_family = (uint8_t)ip_family(&a->ip),
		.ifa_prefixlen = (uint8_t)a->bits,
		.ifa_flags = is_four ? 0 : IFA_F_NODAD,
		.ifa_scope =
			!is_four && a->ip.b[0] == 0xFE ? RT_SCOPE_LINK : (uint8_t)RT_SCOPE_UNIVERSE,
		.ifa_index = index,
	};

	nl_begin(l, RTM_NEWADDR, NEW, &head, sizeof(head));
	nl_why(l, "set the address %s", cidr_text(a, text));
	nl_fine(l, EEXIST);
	nl_attr(l, IFA_LOCAL, a->ip.b, a->ip.n);
	nl_attr(l, IFA_ADDRESS, a->ip.b, a->ip.n);
	if (is_four && a->bits < 31) {
		struct ip all = cidr_net(a).ip;
		for (unsigned bit = a->bits; bit < 32; bit++)
			all.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
		nl_attr(l, IFA_BROADCAST, all.b, all.n);
	}
}

void link_default_route(struct nl *l, uint32_t index, int family, const struct ip *gateway)
{
	char text[IP_TEXT_MAX];
	struct rtmsg head = {
		.rtm_family = (uint8_t)family,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = gateway->n ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
		.rtm_type = RTN_UNICAST,
	};

	nl_begin(l, RTM_NEWROUTE, NEW, &head, sizeof(head));
	nl_why(l, "set the default route%s%s", gateway->n ? " through " : "",
	       ip_text(gateway, text));
	nl_u32(l, RTA_OIF, index);
	if (gateway->n)
		nl_attr(l, RTA_GATEWAY, gateway->b, gateway->n);
}

/* The kernel's clock of packet schedulers ticks every 64 ns (psched_tick_per_us in iproute2's words);
 * a bucket holds what flows in 10 ms, and several packets at least: less would cost throughput. */
void link_rate(struct nl *l, uint32_t index, uint64_t rate, uint32_t mtu)
{
	enum { TICK_NS = 64, HOLDS = 100, QUEUE = 20 /* parts of a second: 50 ms */ };
	uint64_t burst = rate / HOLDS, least = (uint64_t)mtu * 10;
	struct tcmsg head = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = (int)index,
		.tcm_handle = TC_H_MAKE(1U << 16, 0), /* which another queue may be put below */
		.tcm_parent = TC_H_ROOT,
	};

	burst = burst < least ? least : burst;
	uint64_t ticks = burst * (1000000000 / TICK_NS) / rate;
	struct tc_tbf_qopt opt = {
		.rate = {.rate = rate > UINT32_MAX ? UINT32_MAX : (uint32_t)rate,
			 .linklayer = TC_LINKLAYER_ETHERNET},
		.limit = (uint32_t)(rate / QUEUE + burst),
		.buffer = ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks,
	};
	nl_begin(l, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof(head));
	nl_why(l, "limit the rate of link %u", index);
	nl_text(l, TCA_KIND, "tbf");
	size_t options = nl_nest(l, TCA_OPTIONS, NULL, 0);
	nl_attr(l, TCA_TBF_PARMS, &opt, sizeof(opt));
	nl_u32(l, TCA_TBF_BURST, (uint32_t)burst);
	if (rate > UINT32_MAX)
		nl_attr(l, TCA_TBF_RATE64, &rate, sizeof(rate));
	nl_end(l, options);
}

/* ---- detours ----------------------------------------------------------------------------------*/

void link_ifb(struct nl *l, const char *name)
{
	begin(l, &(struct link_new){.name = name});
	nl_fine(l, EEXIST);
	size_t info = nl_nest(l, IFLA_LINKINFO, NULL, 0);
	nl_text(l, IFLA_INFO_KIND, "ifb");
	nl_end(l, info);
}

void link_detours(struct nl *l, uint32_t index)
{
	struct tcmsg head = {
		.tcm_family = AF_UNSPEC, .tcm_ifindex = (int)index, .tcm_parent = TC_H_CLSACT};

	nl_begin(l, RTM_DELQDISC, 0, &head, sizeof(head));
	nl_why(l, "let link %u have no detours", index);
	nl_fine(l, ENOENT);
	head.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	nl_begin(l, RTM_NEWQDISC, NEW, &head, sizeof(head));
	nl_why(l, "let link %u have detours", index);
	nl_text(l, TCA_KIND, "clsact");
}

static void put_action(struct nl *l, uint16_t number, const char *kind, size_t nests[2])
{
	nests[0] = nl_nest(l, number, NULL, 0);
	nl_text(l, TCA_ACT_KIND, kind);
	nests[1] = nl_nest(l, TCA_ACT_OPTIONS, NULL, 0);
}

static void end_action(struct nl *l, const size_t nests[2])
{
	nl_end(l, nests[1]);
	nl_end(l, nests[0]);
}

static void put_actions(struct nl *l, const struct link_detour *d)
{
	const struct tc_skbedit then = {.action = TC_ACT_PIPE};
	const struct tc_mirred parms = {
		.action = TC_ACT_STOLEN, .eaction = TCA_EGRESS_REDIR, .ifindex = d->through};
	uint16_t number = 1;
	size_t nests[2];

	if (d->has_priority) {
		put_action(l, number++, "skbedit", nests);
		nl_attr(l, TCA_SKBEDIT_PARMS, &then, sizeof(then));
		nl_u32(l, TCA_SKBEDIT_PRIORITY, d->priority);
		end_action(l, nests);
	}
	put_action(l, number, "mirred", nests);
	nl_attr(l, TCA_MIRRED_PARMS, &parms, sizeof(parms));
	end_action(l, nests);
}

void link_detour(struct nl *l, uint32_t index, const struct link_detour *d)
{
	const uint32_t side = d->is_incoming ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS;
	const struct tc_u32_sel all = {.flags = TC_U32_TERMINAL};
	struct tcmsg head = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = (int)index,
		.tcm_parent = TC_H_MAKE(TC_H_CLSACT, side),
		.tcm_info = TC_H_MAKE(1U << 16, htons(ETH_P_ALL)),
	};

	nl_begin(l, RTM_NEWTFILTER, NEW, &head, sizeof(head));
	nl_why(l, "send what passes link %u through link %u", index, d->through);
	nl_text(l, TCA_KIND, "u32");
	size_t options = nl_nest(l, TCA_OPTIONS, NULL, 0);
	nl_attr(l, TCA_U32_SEL, &all, sizeof(all));
	size_t actions = nl_nest(l, TCA_U32_ACT, NULL, 0);
	put_actions(l, d);
	nl_end(l, actions);
	nl_end(l, options);
}

/* ---- questions --------------------------------------------------------------------------------*/

struct link_found {
	int index;
	bool is_up;
	struct link_stats stats;
};

static int found_link(void *ctx, const struct nlmsghdr *m, struct err *err)
{
	const struct nlattr *attrs[IFLA_STATS64 + 1];
	struct link_found *f = ctx;
	struct rtnl_link_stats64 s = {0};
	struct ifinfomsg head;

	(void)err;
	memcpy(&head, NLMSG_DATA(m), sizeof(head));
	nl_msg_attrs(m, sizeof(head), attrs, IFLA_STATS64);
	f->index = head.ifi_index;
	f->is_up = head.ifi_flags & IFF_UP;
	if (attrs[IFLA_STATS64])
		memcpy(&s, nl_data(attrs[IFLA_STATS64]),
		       nl_size(attrs[IFLA_STATS64]) < sizeof(s) ? nl_size(attrs[IFLA_STATS64])
								: sizeof(s));
	f->stats = (struct link_stats){s.rx_bytes, s.rx_packets, s.tx_bytes, s.tx_packets};
	return 0;
}

static int find_link(int sock, const char *name, struct link_found *ret, struct err *err)
{
	auto_(nl) struct nl l = {0};
	struct ifinfomsg head = {.ifi_family = AF_UNSPEC};

	nl_begin(&l, RTM_GETLINK, 0, &head, sizeof(head));
	nl_why(&l, "find the link %s", name);
	nl_text(&l, IFLA_IFNAME, name);
	return nl_ask(sock, &l, found_link, ret, err);
}

int link_index(int sock, const char *name, struct err *err)
{
	struct link_found f = {0};
	int r = find_link(sock, name, &f, err);

	return r < 0 ? r : f.index;
}

bool link_is_up(int sock, const char *name)
{
	struct link_found f = {0};
	struct err ignored;

	return find_link(sock, name, &f, &ignored) == 0 && f.is_up;
}

int link_read_stats(int sock, const char *name, struct link_stats *ret, struct err *err)
{
	struct link_found f = {0};
	int r = find_link(sock, name, &f, err);

	if (r == 0)
		*ret = f.stats;
	return r;
}

struct ports {
	uint32_t bridge;
	link_each_port *each;
	void *ctx;
};

static int found_port(void *ctx, const struct nlmsghdr *m, struct err *err)
{
	const struct nlattr *attrs[IFLA_MASTER + 1];
	const struct ports *p = ctx;

	(void)err;
	nl_msg_attrs(m, sizeof(struct ifinfomsg), attrs, IFLA_MASTER);
	if (attrs[IFLA_IFNAME] && nl_get_u32(attrs[IFLA_MASTER]) == p->bridge)
		p->each(p->ctx, nl_data(attrs[IFLA_IFNAME]));
	return 0;
}

int link_ports(int sock, uint32_t bridge, link_each_port *each, void *ctx, struct err *err)
{
	auto_(nl) struct nl l = {0};
	struct ifinfomsg head = {.ifi_family = AF_UNSPEC};
	struct ports p = {bridge, each, ctx};

	nl_begin(&l, RTM_GETLINK, NLM_F_DUMP, &head, sizeof(head));
	nl_why(&l, "look at the ports of a bridge");
	return nl_ask(sock, &l, found_port, &p, err);
}

struct subnets {
	link_each_subnet *each;
	void *ctx;
	uint32_t default_link; /* of IPv4 */
	bool leads_out;
};

static int found_route(void *ctx, const struct nlmsghdr *m, struct err *err)
{
	const struct nlattr *attrs[RTA_OIF + 1];
	struct subnets *s = ctx;
	struct rtmsg head;

	(void)err;
	memcpy(&head, NLMSG_DATA(m), sizeof(head));
	nl_msg_attrs(m, sizeof(head), attrs, RTA_OIF);
	if (head.rtm_type != RTN_UNICAST)
		return 0;
	if (!attrs[RTA_DST]) {
		s->leads_out = true;
		if (head.rtm_family == AF_INET && !s->default_link)
			s->default_link = nl_get_u32(attrs[RTA_OIF]);
		return 0;
	}
	struct cidr c = {.bits = head.rtm_dst_len};
	c.ip.n = (unsigned)nl_size(attrs[RTA_DST]);
	if (!s->each || c.ip.n > sizeof(c.ip.b))
		return 0;
	memcpy(c.ip.b, nl_data(attrs[RTA_DST]), c.ip.n);
	s->each(s->ctx, &c);
	return 0;
}

static int ask_routes(int sock, struct subnets *s, struct err *err)
{
	auto_(nl) struct nl l = {0};
	struct rtmsg head = {.rtm_family = AF_UNSPEC};

	nl_begin(&l, RTM_GETROUTE, NLM_F_DUMP, &head, sizeof(head));
	nl_why(&l, "read the host's routes");
	return nl_ask(sock, &l, found_route, s, err);
}

int link_subnets(int sock, link_each_subnet *each, void *ctx, struct err *err)
{
	struct subnets s = {.each = each, .ctx = ctx};

	return ask_routes(sock, &s, err);
}

int link_leads_out(int sock, struct err *err)
{
	struct subnets s = {0};
	int r = ask_routes(sock, &s, err);

	return r < 0 ? r : s.leads_out;
}

int link_of_default_route(int sock, char ret_name[16], struct err *err)
{
	struct subnets s = {0};
	int r = ask_routes(sock, &s, err);

	if (r < 0)
		return r;
	if (!s.default_link || !if_indextoname(s.default_link, ret_name))
		return err_say(err, ENETUNREACH, "the host has no default route");
	return 0;
}
