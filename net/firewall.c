/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter_bridge.h>
#include <stdio.h>

#include "net/firewall.h"
#include "net/ip.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

enum {
	CHAINS_FILTER = 0,
	CHAINS_BRIDGE = -300, /* before anything else of a bridge */
	CHAINS_BETWEEN = 1,   /* after br_netfilter, if it is there, has asked the chains of inet */
	CHAINS_DNAT = -100,
	CHAINS_SNAT = 100,
	HOST_PRIORITY = 0,
};

/* ---- the rules --------------------------------------------------------------------------------*/

/* clang-format off */
#define META(r, key) {NFT_META, .reg = (r), .a = NFT_META_##key}
#define LINK_HEAD(r, at, n) {NFT_LOAD, .reg = (r), .a = NFT_PAYLOAD_LL_HEADER, .b = (at), .c = (n)}
#define IP_HEAD(r, at, n) {NFT_LOAD, .reg = (r), .a = NFT_PAYLOAD_NETWORK_HEADER, .b = (at), .c = (n)}
#define PORT_HEAD(r, at, n) {NFT_LOAD, .reg = (r), .a = NFT_PAYLOAD_TRANSPORT_HEADER, .b = (at), .c = (n)}
#define IS(r, n, ...) {NFT_IS, .reg = (r), .c = (n), .data = {__VA_ARGS__}}
#define IS_OURS(r) {NFT_IS, .reg = (r)} /* the beginning of the links' names: see firewall_links */
#define IN(r, set) {NFT_IN, .reg = (r), .text = set}
#define NOT_IN(r, set) {NFT_NOT_IN, .reg = (r), .text = set}
#define MAP(r, map) {NFT_MAP_TO, .reg = (r), .text = map}
#define DO(verdict) {NFT_DO, .a = (uint32_t)(verdict)}
#define CALL(chain) {NFT_DO, .a = (uint32_t)NFT_JUMP, .text = chain}
#define GO(chain) {NFT_DO, .a = (uint32_t)NFT_GOTO, .text = chain}
#define CT_ANY(key, bits) {NFT_CT_KEY, .reg = R0, .a = NFT_CT_##key}, {NFT_MASK, .reg = R0, .a = (bits)}, \
	{NFT_IS_NOT, .reg = R0, .c = 4}

#define FAMILY(f) META(R0, NFPROTO), IS(R0, 1, f)
#define ETHER_TYPE(high, low) LINK_HEAD(R0, 12, 2), IS(R0, 2, high, low)
#define ICMP6(type) META(R0, L4PROTO), IS(R0, 1, 58), PORT_HEAD(R0, 0, 1), IS(R0, 1, type)
#define KNOWN CT_ANY(STATE, NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED))
/* A frame's priority, which is 0 when it comes out of a container and forgotten when it goes into
 * one, says in between whose it is. What is published is for strangers too: a bridge knows no
 * connections, but where its frames pass the chains of inet these say so in the same place. */
#define NOTE(r) {NFT_SET_META, .reg = (r), .a = NFT_META_PRIORITY}
#define PASS 'c', 't', 'r', 1
#define PUBLISHED CT_ANY(STATUS, IPS_DST_NAT)

static const struct nft_set bridge_sets[] = {
	{"ports", {TYPE_LINK}, {0}, true},
	{"down", {TYPE_LINK}, {0}, true},
	{"quick", {TYPE_LINK, TYPE_ETHER, TYPE_ADDR4}, {0}, true},
	{"mac", {TYPE_LINK, TYPE_ETHER}, {0}, false},
	{"four", {TYPE_LINK, TYPE_ADDR4}, {0}, false},
	{"six", {TYPE_LINK, TYPE_ADDR6}, {0}, false},
	{"guests", {TYPE_LINK}, {0}, false},
	{"tenant", {TYPE_LINK}, {TYPE_CLASS}, false},
	{"kin", {TYPE_LINK, TYPE_CLASS}, {0}, false},
};

static const struct nft_chain bridge_chains[] = {
	{"six", NULL, 0, 0},
	{"member", NULL, 0, 0},
	{"in", "filter", NF_BR_PRE_ROUTING, CHAINS_BRIDGE},
	{"between", "filter", NF_BR_FORWARD, CHAINS_BETWEEN},
	{"out", "filter", NF_BR_POST_ROUTING, CHAINS_BRIDGE},
};

static const struct nft_rule bridge_rules[] = {
	/* Most of what passes: one question says that link, hardware and IP address belong together. */
	{"in", {ETHER_TYPE(0x08, 0x00), META(R0, IIFNAME), LINK_HEAD(R4, 6, 6), IP_HEAD(R6, 12, 4), IN(R0, "quick"),
		DO(NF_ACCEPT)}}, /* counts */
	{"in", {META(R0, IIFNAME), IN(R0, "ports"), GO("member")}}, /* counts the rest */
	/* A port of a container that is not any more. */
	{"in", {META(R0, IIFNAME), IS_OURS(R0), DO(NF_DROP)}},
	{"member", {META(R0, IIFNAME), LINK_HEAD(R4, 6, 6), NOT_IN(R0, "mac"), DO(NF_DROP)}},
	{"member", {ETHER_TYPE(0x08, 0x06), META(R0, IIFNAME), IP_HEAD(R4, 8, 6), IN(R0, "mac"),
		IP_HEAD(R4, 14, 4), IN(R0, "four"), DO(NF_ACCEPT)}},
	{"member", {ETHER_TYPE(0x86, 0xDD), CALL("six")}},
	{"member", {DO(NF_DROP)}},
	{"six", {ICMP6(134), DO(NF_DROP)}}, /* router advertisement */
	{"six", {ICMP6(137), DO(NF_DROP)}}, /* redirect */
	/* A neighbour answers for its own addresses only. */
	{"six", {ICMP6(136), META(R0, IIFNAME), PORT_HEAD(R4, 8, 16), NOT_IN(R0, "six"), DO(NF_DROP)}},
	{"six", {META(R0, IIFNAME), IP_HEAD(R4, 8, 16), IN(R0, "six"), DO(NF_ACCEPT)}},
	/* From nowhere: the question whether an address is free, and who listens to a group. */
	{"six", {IP_HEAD(R0, 8, 16), IS(R0, 16, 0), ICMP6(135), DO(NF_ACCEPT)}},
	{"six", {IP_HEAD(R0, 8, 16), IS(R0, 16, 0), ICMP6(143), DO(NF_ACCEPT)}},
	{"between", {META(R0, PRIORITY), IS(R0, 4, PASS), DO(NF_ACCEPT)}},
	{"between", {META(R0, IIFNAME), MAP(R0, "tenant"), NOTE(R0)}},
	{"between", {META(R0, OIFNAME), META(R4, PRIORITY), IN(R0, "kin"), DO(NF_ACCEPT)}},
	{"between", {META(R0, IIFNAME), IN(R0, "guests"), META(R0, OIFNAME), IN(R0, "guests"), DO(NF_DROP)}},
	{"out", {META(R0, OIFNAME), IN(R0, "down")}}, /* counts */
};

static const struct nft_set inet_sets[] = {
	{"nets", {TYPE_LINK}, {0}, false},
	{"internal", {TYPE_LINK}, {0}, false},
	{"same", {TYPE_LINK, TYPE_LINK}, {0}, false},
	{"home4", {TYPE_LINK, TYPE_ADDR4}, {0}, false},
	{"home6", {TYPE_LINK, TYPE_ADDR6}, {0}, false},
	{"out4", {TYPE_ADDR4}, {0}, true},
	{"in4", {TYPE_ADDR4}, {0}, true},
	{"out6", {TYPE_ADDR6}, {0}, true},
	{"in6", {TYPE_ADDR6}, {0}, true},
	{"tenant4", {TYPE_ADDR4}, {TYPE_CLASS}, false},
	{"tenant6", {TYPE_ADDR6}, {TYPE_CLASS}, false},
	{"first4", {TYPE_ADDR4}, {TYPE_CLASS}, false},
	{"first6", {TYPE_ADDR6}, {TYPE_CLASS}, false},
	{"kin4", {TYPE_ADDR4, TYPE_CLASS}, {0}, false},
	{"kin6", {TYPE_ADDR6, TYPE_CLASS}, {0}, false},
	{"here4", {TYPE_ADDR4, TYPE_PROTO, TYPE_PORT}, {TYPE_ADDR4, TYPE_PORT}, false},
	{"here6", {TYPE_ADDR6, TYPE_PROTO, TYPE_PORT}, {TYPE_ADDR6, TYPE_PORT}, false},
	{"any4", {TYPE_PROTO, TYPE_PORT}, {TYPE_ADDR4, TYPE_PORT}, false},
	{"any6", {TYPE_PROTO, TYPE_PORT}, {TYPE_ADDR6, TYPE_PORT}, false},
};

static const struct nft_chain inet_chains[] = {
	{"publish", NULL, 0, 0},
	{"sent", NULL, 0, 0},
	{"outside", NULL, 0, 0},
	{"leaving", NULL, 0, 0},
	{"within", NULL, 0, 0},
	{"entering", NULL, 0, 0},
	{"prerouting", "nat", NF_INET_PRE_ROUTING, CHAINS_DNAT},
	{"output", "nat", NF_INET_LOCAL_OUT, CHAINS_DNAT},
	{"postrouting", "nat", NF_INET_POST_ROUTING, CHAINS_SNAT},
	{"input", "filter", NF_INET_LOCAL_IN, CHAINS_FILTER},
	{"forward", "filter", NF_INET_FORWARD, CHAINS_FILTER},
};

static const struct nft_rule inet_rules[] = {
	{"publish", {FAMILY(NFPROTO_IPV4), IP_HEAD(R0, 16, 4), META(R1, L4PROTO), PORT_HEAD(R2, 2, 2),
		     MAP(R0, "here4"), {NFT_DNAT, .reg = R0, .a = NFPROTO_IPV4, .b = R1}}},
	{"publish", {FAMILY(NFPROTO_IPV6), IP_HEAD(R0, 24, 16), META(R4, L4PROTO), PORT_HEAD(R5, 2, 2),
		     MAP(R0, "here6"), {NFT_DNAT, .reg = R0, .a = NFPROTO_IPV6, .b = R4}}},
	{"publish", {FAMILY(NFPROTO_IPV4), META(R0, L4PROTO), PORT_HEAD(R1, 2, 2),
		     MAP(R0, "any4"), {NFT_DNAT, .reg = R0, .a = NFPROTO_IPV4, .b = R1}}},
	{"publish", {FAMILY(NFPROTO_IPV6), META(R0, L4PROTO), PORT_HEAD(R1, 2, 2),
		     MAP(R0, "any6"), {NFT_DNAT, .reg = R0, .a = NFPROTO_IPV6, .b = R4}}},
	{"prerouting", {{NFT_IS_HERE, .reg = R0}, CALL("publish")}},
	/* Without route_localnet nothing comes back to a loopback address: better refused at once. */
	{"output", {FAMILY(NFPROTO_IPV4), IP_HEAD(R0, 16, 1), IS(R0, 1, 127), DO(NFT_RETURN)}},
	{"output", {FAMILY(NFPROTO_IPV6), IP_HEAD(R0, 24, 16), IS(R0, 16, [15] = 1), DO(NFT_RETURN)}},
	{"output", {{NFT_IS_HERE, .reg = R0}, CALL("publish")}},
	{"postrouting", {META(R0, IIFNAME), IN(R0, "nets"), META(R0, OIFNAME), NOT_IN(R0, "nets"), {.kind = NFT_MASQ}}},
	/* A container that calls its own network's published port: the answer must pass here too. Where
	 * bridged frames pass here there is no input link any more. */
	{"postrouting", {FAMILY(NFPROTO_IPV4), META(R0, OIFNAME), IP_HEAD(R4, 12, 4), IN(R0, "home4"), PUBLISHED,
			 {.kind = NFT_MASQ}}},
	{"postrouting", {FAMILY(NFPROTO_IPV6), META(R0, OIFNAME), IP_HEAD(R4, 8, 16), IN(R0, "home6"), PUBLISHED,
			 {.kind = NFT_MASQ}}},
	{"input", {META(R0, IIFNAME), IN(R0, "internal"), DO(NF_DROP)}},
	{"forward", {META(R0, IIFNAME), IN(R0, "nets"), GO("leaving")}},
	{"forward", {META(R0, OIFNAME), IN(R0, "nets"), GO("entering")}},
	{"leaving", {META(R0, OIFNAME), NOT_IN(R0, "nets"), GO("outside")}},
	{"leaving", {META(R0, IIFNAME), META(R4, OIFNAME), IN(R0, "same"), GO("within")}},
	{"leaving", {META(R0, IIFNAME), IN(R0, "internal"), DO(NF_DROP)}},
	{"leaving", {CALL("sent")}},
	{"leaving", {KNOWN, DO(NF_ACCEPT)}},
	{"leaving", {PUBLISHED, DO(NF_ACCEPT)}},
	{"leaving", {DO(NF_DROP)}},
	/* What the host sends back to where it came from; and, where bridged frames pass here, those. */
	{"within", {FAMILY(NFPROTO_IPV4), IP_HEAD(R0, 12, 4), MAP(R0, "tenant4"), NOTE(R0)}},
	{"within", {FAMILY(NFPROTO_IPV6), IP_HEAD(R0, 8, 16), MAP(R0, "tenant6"), NOTE(R0)}},
	{"within", {FAMILY(NFPROTO_IPV4), IP_HEAD(R0, 16, 4), META(R1, PRIORITY), IN(R0, "kin4"), DO(NF_ACCEPT)}},
	{"within", {FAMILY(NFPROTO_IPV6), IP_HEAD(R0, 24, 16), META(R4, PRIORITY), IN(R0, "kin6"), DO(NF_ACCEPT)}},
	{"within", {PUBLISHED, {NFT_PUT, .reg = R0, .c = 4, .data = {PASS}}, NOTE(R0), DO(NF_ACCEPT)}},
	{"within", {FAMILY(NFPROTO_IPV4), META(R0, OIFNAME), IP_HEAD(R4, 12, 4), IN(R0, "home4"), META(R0, OIFNAME),
		IP_HEAD(R4, 16, 4), IN(R0, "home4"), DO(NF_DROP)}},
	{"within", {FAMILY(NFPROTO_IPV6), META(R0, OIFNAME), IP_HEAD(R4, 8, 16), IN(R0, "home6"), META(R0, OIFNAME),
		IP_HEAD(R4, 24, 16), IN(R0, "home6"), DO(NF_DROP)}},
	{"within", {DO(NF_ACCEPT)}}, /* neighbour discovery between them, which the bridge has looked at */
	/* From here on the priority is what it is for others: what a queue sorts by. The kernel has just
	 * set it by what the sender says in the header (TOS), which for tenants counts nothing. */
	{"outside", {FAMILY(NFPROTO_IPV4), IP_HEAD(R0, 12, 4), MAP(R0, "first4"), NOTE(R0)}},
	{"outside", {FAMILY(NFPROTO_IPV6), IP_HEAD(R0, 8, 16), MAP(R0, "first6"), NOTE(R0)}},
	{"outside", {CALL("sent")}},
	/* Of an internal network nothing ever is: its first packet is dropped below. */
	{"outside", {KNOWN, DO(NF_ACCEPT)}},
	{"outside", {META(R0, IIFNAME), IN(R0, "internal"), DO(NF_DROP)}},
	{"outside", {DO(NF_ACCEPT)}},
	{"sent", {FAMILY(NFPROTO_IPV4), IP_HEAD(R0, 12, 4), IN(R0, "out4")}}, /* counts */
	{"sent", {FAMILY(NFPROTO_IPV6), IP_HEAD(R0, 8, 16), IN(R0, "out6")}},
	{"entering", {FAMILY(NFPROTO_IPV4), IP_HEAD(R0, 16, 4), IN(R0, "in4")}}, /* counts */
	{"entering", {FAMILY(NFPROTO_IPV6), IP_HEAD(R0, 24, 16), IN(R0, "in6")}},
	{"entering", {KNOWN, DO(NF_ACCEPT)}},
	{"entering", {PUBLISHED, DO(NF_ACCEPT)}},
	{"entering", {DO(NF_DROP)}},
};
/* clang-format on */

struct family {
	uint8_t number;
	const struct nft_set *sets;
	size_t n_sets;
	const struct nft_chain *chains;
	size_t n_chains;
	const struct nft_rule *rules;
	size_t n_rules;
};

void firewall_links(const char *table, char ret[FIREWALL_LINKS_MAX])
{
	const char *dash = strchr(table, '-');

	snprintf(ret, FIREWALL_LINKS_MAX, "%.8s-", dash ? dash + 1 : table);
}

static void put_rule(struct nl *l, uint8_t family, const char *table, const struct nft_rule *r)
{
	struct nft_rule own = *r;
	char links[FIREWALL_LINKS_MAX];

	firewall_links(table, links);
	for (struct nft_expr *e = own.exprs; e->kind != NFT_END; e++)
		if (e->kind == NFT_IS && !e->c) {
			e->c = (uint32_t)strlen(links);
			memcpy(e->data, links, e->c);
		}
	nft_rule(l, family, table, &own);
}

static const struct family families[] = {
	{NFPROTO_INET, inet_sets, COUNT(inet_sets), inet_chains, COUNT(inet_chains), inet_rules,
	 COUNT(inet_rules)},
	{NFPROTO_BRIDGE, bridge_sets, COUNT(bridge_sets), bridge_chains, COUNT(bridge_chains),
	 bridge_rules, COUNT(bridge_rules)},
};

unsigned firewall_rules(void)
{
	return COUNT(inet_rules) + COUNT(bridge_rules);
}

void firewall_tables(struct nl *l, const char *table, bool is_new)
{
	for (size_t i = 0; i < COUNT(families); i++) {
		const struct family *f = &families[i];
		if (!is_new) { /* there or not, it can be deleted then */
			nft_table(l, f->number, table, 0);
			nft_delete_table(l, f->number, table);
		}
		nft_table(l, f->number, table, is_new ? NLM_F_EXCL : 0);
		for (size_t k = 0; k < f->n_sets; k++)
			nft_set(l, f->number, table, &f->sets[k], (uint32_t)(i * 32 + k + 1));
		for (size_t k = 0; k < f->n_chains; k++)
			nft_chain(l, f->number, table, &f->chains[k]);
		for (size_t k = 0; k < f->n_rules; k++)
			put_rule(l, f->number, table, &f->rules[k]);
	}
}

void firewall_remove(struct nl *l, const char *table)
{
	for (size_t i = 0; i < COUNT(families); i++) {
		nft_table(l, families[i].number, table, 0);
		nft_delete_table(l, families[i].number, table);
	}
}

/* ---- elements ---------------------------------------------------------------------------------*/

static void put(const struct firewall *f, const struct nft_element *e)
{
	if (f->removes)
		nft_remove(f->l, e);
	else
		nft_add(f->l, e);
}

/* A link, and what belongs to it. */
static void put_link(const struct firewall *f, uint8_t family, const char *set, const char *link,
		     const struct nft_key *more)
{
	struct nft_element e = {.family = family, .table = f->table, .set = set};

	nft_key_link(&e.key, link);
	if (more)
		nft_key_add(&e.key, more->b, more->n);
	put(f, &e);
}

static struct nft_key key_of(const void *part, unsigned size)
{
	struct nft_key k = {0};

	nft_key_add(&k, part, size);
	return k;
}

void firewall_network(const struct firewall *f, const struct network *w)
{
	struct nft_key self = {0};

	nft_key_link(&self, w->link);
	put_link(f, NFPROTO_INET, "nets", w->link, NULL);
	if (!w->isolated)
		put_link(f, NFPROTO_INET, "same", w->link, &self);
	if (w->internal)
		put_link(f, NFPROTO_INET, "internal", w->link, NULL);
}

/* Whose it is: of `key`, in a map, and in a set together with that. */
static void put_tenant(const struct firewall *f, uint8_t family, const char *const names[2],
		       const struct nft_key *key, uint32_t tenant)
{
	struct nft_element whose = {.family = family, .table = f->table, .set = names[0]};
	struct nft_element kin = {.family = family, .table = f->table, .set = names[1]};

	whose.key = kin.key = *key;
	nft_key_add(&whose.value, &tenant, sizeof(tenant));
	nft_key_add(&kin.key, &tenant, sizeof(tenant));
	put(f, &whose);
	put(f, &kin);
}

/* The addresses of an end, read. */
struct addresses {
	struct cidr four, six; /* ip.n 0: none */
	uint8_t mac[6];
};

static int read_addresses(const struct wire_end *e, struct addresses *ret, struct err *err)
{
	*ret = (struct addresses){0};
	if ((e->mac && mac_parse(e->mac, ret->mac) < 0) ||
	    (e->address && cidr_parse(e->address, &ret->four) < 0) ||
	    (e->address6 && cidr_parse(e->address6, &ret->six) < 0))
		return err_say(err, EINVAL, "net.json: the addresses in network %s are none",
			       e->network);
	return 0;
}

static void put_priority(const struct firewall *f, const struct wire_end *end, const struct ip *ip)
{
	struct nft_element e = {
		.family = NFPROTO_INET, .table = f->table, .set = ip->n == 4 ? "first4" : "first6"};

	if (!end->has_priority && !end->tenant)
		return;
	nft_key_add(&e.key, ip->b, ip->n);
	nft_key_add(&e.value, &end->priority, sizeof(end->priority));
	put(f, &e);
}

int firewall_priority(const struct firewall *f, const struct wire_end *e, struct err *err)
{
	struct addresses a;
	int r = read_addresses(e, &a, err);

	if (r == 0 && a.four.ip.n)
		put_priority(f, e, &a.four.ip);
	if (r == 0 && a.six.ip.n)
		put_priority(f, e, &a.six.ip);
	return r;
}

static void put_address(const struct firewall *f, const struct wire_end *end, const struct ip *ip)
{
	static const char *const four[] = {"tenant4", "kin4"}, *const six[] = {"tenant6", "kin6"};
	struct nft_key own = key_of(ip->b, ip->n);

	const char *const sets[] = {ip->n == 4 ? "out4" : "out6", ip->n == 4 ? "in4" : "in6"};

	put_link(f, NFPROTO_INET, ip->n == 4 ? "home4" : "home6", end->bridge, &own);
	put_tenant(f, NFPROTO_INET, ip->n == 4 ? four : six, &own, end->tenant);
	put_priority(f, end, ip);
	for (size_t i = 0; i < COUNT(sets); i++) {
		struct nft_element e = {.family = NFPROTO_INET, .table = f->table, .set = sets[i]};
		nft_key_add(&e.key, ip->b, ip->n);
		put(f, &e);
	}
}

int firewall_end(const struct firewall *f, const struct wire_end *e, struct err *err)
{
	static const char *const kin[] = {"tenant", "kin"};
	struct nft_key link = {0};
	struct addresses a;
	int r = read_addresses(e, &a, err);

	if (r < 0)
		return r;
	struct nft_key mac = key_of(a.mac, 6);
	nft_key_link(&link, e->link);
	put_link(f, NFPROTO_BRIDGE, "guests", e->link, NULL);
	put_tenant(f, NFPROTO_BRIDGE, kin, &link, e->tenant);
	put_link(f, NFPROTO_BRIDGE, "ports", e->link, NULL);
	put_link(f, NFPROTO_BRIDGE, "down", e->link, NULL);
	put_link(f, NFPROTO_BRIDGE, "mac", e->link, &mac);
	if (a.four.ip.n) {
		struct nft_key four = key_of(a.four.ip.b, 4);
		struct nft_key both = mac;
		nft_key_add(&both, a.four.ip.b, 4);
		put_link(f, NFPROTO_BRIDGE, "quick", e->link, &both);
		put_link(f, NFPROTO_BRIDGE, "four", e->link, &four);
		put_address(f, e, &a.four.ip);
	}
	if (a.six.ip.n) {
		struct nft_key six = key_of(a.six.ip.b, 16);
		struct ip local = ip_link_local(a.mac);
		struct nft_key own = key_of(local.b, 16);
		put_link(f, NFPROTO_BRIDGE, "six", e->link, &six);
		put_link(f, NFPROTO_BRIDGE, "six", e->link, &own);
		put_address(f, e, &a.six.ip);
	}
	for (size_t i = 0; r == 0 && i < e->n_publish; i++)
		r = firewall_publish(f, e, &e->publish[i], err);
	return r;
}

/* A start that was refused a port, or killed before it asked for it, has it in its record all the same:
 * the value, an address, says whose it is. */
static int is_own(const struct firewall *f, const struct nft_element *e, struct err *err)
{
	struct nft_found found;
	int r = nft_find(f->sock, e, &found, err);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return found.value.n == e->value.n && memcmp(found.value.b, e->value.b, e->value.n) == 0;
}

/* One port, and where it leads. */
struct port_at {
	const struct ip *at; /* NULL: all addresses of the host */
	uint8_t protocol;
	uint16_t port, to;
};

/* Of the family of `to`, if that is an address. */
static int put_port(const struct firewall *f, const struct port_at *p, const struct ip *to,
		    struct err *err)
{
	const struct ip *at = p->at;
	if (!to->n || (at && at->n != to->n))
		return 0;
	const char *set = to->n == 4 ? (at ? "here4" : "any4") : (at ? "here6" : "any6");
	struct nft_element e = {.family = NFPROTO_INET, .table = f->table, .set = set};
	uint16_t from_be = htons(p->port), to_be = htons(p->to);

	if (at)
		nft_key_add(&e.key, at->b, at->n);
	nft_key_add(&e.key, &p->protocol, 1);
	nft_key_add(&e.key, &from_be, 2);
	nft_key_add(&e.value, to->b, to->n);
	nft_key_add(&e.value, &to_be, 2);
	int r = f->removes ? is_own(f, &e, err) : 1;
	if (r <= 0)
		return r;
	put(f, &e);
	if (!f->removes)
		nl_why(f->l, "publish port %u", p->port);
	return 0;
}

int firewall_publish(const struct firewall *f, const struct wire_end *e,
		     const struct wire_publish *p, struct err *err)
{
	uint8_t protocol = str_eq(p->protocol, "udp") ? 17 : 6;
	struct addresses a;
	struct ip at = {0};
	int r = read_addresses(e, &a, err);

	if (r < 0)
		return r;
	if (p->address && ip_parse(p->address, &at) < 0)
		return err_say(err, EINVAL, "net.json: %s is no address", p->address);
	for (unsigned i = 0; i < (p->has_count ? p->count : 1U); i++) {
		const struct port_at one = {
			at.n ? &at : NULL,
			protocol,
			(uint16_t)(p->port + i),
			(uint16_t)(p->to + i),
		};
		if (put_port(f, &one, &a.four.ip, err) < 0 || put_port(f, &one, &a.six.ip, err) < 0)
			return -err->num;
	}
	return 0;
}

/* ---- usage ------------------------------------------------------------------------------------*/

static void add_count(int sock, const struct nft_element *e, struct nft_count *sum)
{
	struct nft_found f;
	struct err ignored;

	if (nft_find(sock, e, &f, &ignored) == 0) {
		sum->bytes += f.count.bytes;
		sum->packets += f.count.packets;
	}
}

int firewall_usage(int sock, const char *table, const struct wire_end *e,
		   struct firewall_usage *ret, struct err *err)
{
	struct firewall_usage u = {0};
	struct addresses a;
	int r = read_addresses(e, &a, err);

	if (r < 0)
		return r;
	struct nft_element quick = {.family = NFPROTO_BRIDGE, .table = table, .set = "quick"};
	nft_key_link(&quick.key, e->link);
	nft_key_add(&quick.key, a.mac, 6);
	nft_key_add(&quick.key, a.four.ip.b, 4);
	add_count(sock, &quick, &u.out);
	const struct {
		uint8_t family;
		const char *set;
		const struct ip *ip; /* NULL: by the link */
		struct nft_count *sum;
	} rows[] = {
		{NFPROTO_BRIDGE, "ports", NULL, &u.out},
		{NFPROTO_BRIDGE, "down", NULL, &u.in},
		{NFPROTO_INET, "out4", &a.four.ip, &u.outside_out},
		{NFPROTO_INET, "out6", &a.six.ip, &u.outside_out},
		{NFPROTO_INET, "in4", &a.four.ip, &u.outside_in},
		{NFPROTO_INET, "in6", &a.six.ip, &u.outside_in},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct nft_element one = {
			.family = rows[i].family, .table = table, .set = rows[i].set};
		if (rows[i].ip && !rows[i].ip->n)
			continue;
		if (rows[i].ip)
			nft_key_add(&one.key, rows[i].ip->b, rows[i].ip->n);
		else
			nft_key_link(&one.key, e->link);
		add_count(sock, &one, rows[i].sum);
	}
	*ret = u;
	return 0;
}
