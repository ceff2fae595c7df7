/* SPDX-License-Identifier: Apache-2.0 */
/* The part of net/network.h that changes the system. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>

#include "net/files.h"
#include "net/firewall.h"
#include "net/link.h"
#include "net/network.h"
#include "net/sysctl.h"
#include "net/tenant_rate.h"
#include "net/usage.h"
#include "runtime/base/words.h"

/* ---- up and down ------------------------------------------------------------------------------*/

static bool is_bridge(const struct network *w)
{
	return str_eq(w->driver, "bridge");
}

static int make_bridge(int sock, const struct network *w, const struct net_ranges *r,
		       struct err *err)
{
	auto_(nl) struct nl l = {0};
	uint8_t mac[6];
	struct link_new bridge = {.name = w->link, .mac = mac, .mtu = w->mtu};

	mac_from(&r->gateway, mac);
	link_bridge(&l, &bridge);
	nl_fine(&l, EEXIST);
	return nl_send(sock, &l, err);
}

/* An internal network's bridge has no address: there is nobody to talk to on the host. */
static int set_bridge(int sock, const struct network *w, const struct net_ranges *r,
		      struct err *err)
{
	auto_(nl) struct nl l = {0};
	struct cidr four = {r->gateway, r->four.bits}, six = {r->gateway6, r->six.bits};
	int index = link_index(sock, w->link, err);

	if (index < 0)
		return index;
	if (!w->internal && four.ip.n)
		link_address(&l, (uint32_t)index, &four);
	if (!w->internal && six.ip.n)
		link_address(&l, (uint32_t)index, &six);
	link_up(&l, (uint32_t)index);
	return nl_send(sock, &l, err);
}

static int explain_filter(int r, struct err *err)
{
	if (r == -EOPNOTSUPP || r == -EAFNOSUPPORT || r == -EPROTONOSUPPORT)
		err_hint(err, "this kernel lacks nftables for the families inet and bridge");
	return r;
}

/* Adds to the tables, which are made first when they are not there. */
static int filter_network(const struct nets *n, const struct network *w, bool removes,
			  struct err *err)
{
	auto_(nl) struct nl l = {0};
	const struct firewall f = {.l = &l, .table = n->table, .removes = removes};

	auto_fd int sock = nl_open(NETLINK_NETFILTER, err);
	if (sock < 0)
		return sock;
	nft_begin(&l);
	firewall_network(&f, w);
	nft_end(&l);
	int r = nl_send(sock, &l, err);
	if (r == -ENOENT)
		r = removes ? 0 : network_rebuild(n, NULL, err);
	return explain_filter(r, err);
}

int network_up(const struct nets *n, const struct network *w, struct err *err)
{
	struct net_ranges ranges;

	if (!is_bridge(w))
		return 0;
	int r = network_ranges(w, &ranges, err);
	if (r < 0)
		return r;
	auto_fd int sock = nl_open(NETLINK_ROUTE, err);
	if (sock < 0)
		return sock;
	/* The filter first: nothing flows that it has not seen. */
	if ((r = filter_network(n, w, false, err)) < 0 ||
	    (r = make_bridge(sock, w, &ranges, err)) < 0 ||
	    (r = sysctl_bridge(w->link, !w->internal && ranges.six.ip.n, err)) < 0 ||
	    (r = set_bridge(sock, w, &ranges, err)) < 0)
		return r;
	return w->internal ? 0 : sysctl_forward(ranges.six.ip.n != 0, err);
}

int network_down(const struct nets *n, const struct network *w, struct err *err)
{
	auto_(nl) struct nl l = {0};

	if (!is_bridge(w))
		return 0;
	auto_fd int sock = nl_open(NETLINK_ROUTE, err);
	if (sock < 0)
		return sock;
	link_delete(&l, w->link);
	int r = nl_send(sock, &l, err);
	return r < 0 ? r : filter_network(n, w, true, err);
}

/* ---- the filter, afresh -----------------------------------------------------------------------*/

static int open_container(const struct nets *n, const char *id)
{
	auto_free char *path = mem_printf("%s/%s", n->root, id);

	return open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Adds what a member has in the network. */
static int add_member(const struct nets *n, const struct network *w, const char *id,
		      const struct firewall *f, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_fd int dir = open_container(n, id);
	struct wire *wire = NULL;
	struct err ignored;
	int r = 0;

	if (dir < 0 || wire_load(dir, &mem, &wire, &ignored) < 0 || !wire)
		return 0; /* being removed */
	for (size_t i = 0; r == 0 && i < wire->n_ends; i++)
		if (str_eq(wire->ends[i].network, w->name))
			r = firewall_end(f, &wire->ends[i], err);
	return r;
}

static int add_network(const struct nets *n, const char *name, const char *except,
		       const struct firewall *f, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(members) struct members m = {0};
	struct network *w;

	int r = network_load(n, name, &mem, &w, err);
	if (r < 0 || !is_bridge(w) || (r = members_load(n, name, &m, err)) < 0)
		return r;
	firewall_network(f, w);
	for (size_t i = 0; r == 0 && i < m.n; i++)
		if (!except || !str_eq(m.v[i].id, except))
			r = add_member(n, w, m.v[i].id, f, err);
	return r;
}

/* 1: there is a network that needs a filter. */
static int has_bridges(const struct nets *n, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	const char **names;
	int count = network_names(n, &mem, &names, err);

	for (int i = 0; i < count; i++) {
		struct network *w;
		if (network_load(n, names[i], &mem, &w, err) < 0)
			return -err->num;
		if (is_bridge(w))
			return 1;
	}
	return count < 0 ? count : 0;
}

/* With the last bridge they go. */
static int drop_tables(const struct nets *n, struct err *err)
{
	auto_(nl) struct nl l = {0};
	int r = has_bridges(n, err);

	if (r)
		return r < 0 ? r : 0;
	auto_fd int sock = nl_open(NETLINK_NETFILTER, err);
	if (sock < 0)
		return sock;
	r = nft_has_table(sock, NFPROTO_INET, n->table, err);
	if (r <= 0)
		return r == -EOPNOTSUPP ? 0 : r;
	nft_begin(&l);
	firewall_remove(&l, n->table);
	nft_end(&l);
	return nl_send(sock, &l, err);
}

int network_rebuild(const struct nets *n, const char *except, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(nl) struct nl l = {0};
	const struct firewall f = {.l = &l, .table = n->table};
	const char **names;

	int r = has_bridges(n, err);
	if (r <= 0)
		return r < 0 ? r : drop_tables(n, err);
	int count = network_names(n, &mem, &names, err);
	if (count < 0)
		return count;
	auto_fd int sock = nl_open(NETLINK_NETFILTER, err);
	if (sock < 0)
		return sock;
	nft_begin(&l);
	firewall_tables(&l, n->table, false);
	for (int i = 0; i < count; i++)
		if (add_network(n, names[i], except, &f, err) < 0)
			return -err->num;
	nft_end(&l);
	return explain_filter(nl_send(sock, &l, err), err);
}

int network_unmake(const struct nets *n, const struct network *w, struct err *err)
{
	int r = network_down(n, w, err);

	if (r < 0 || (r = network_forget(n, w->name, err)) < 0)
		return r;
	return drop_tables(n, err);
}

int network_remove(const struct nets *n, const char *name, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(members) struct members m = {0};
	struct network *w;

	int r = network_load(n, name, &mem, &w, err);
	if (r < 0 || (r = members_load(n, name, &m, err)) < 0)
		return r;
	if (m.n) {
		err_say(err, EBUSY, "network \"%s\" is in use by container %s%s", name, m.v[0].id,
			m.n > 1 ? " and others" : "");
		err_hint(err, "delete them, or ctr network disconnect");
		return -EBUSY;
	}
	return network_unmake(n, w, err);
}

/* ---- check and repair -------------------------------------------------------------------------*/

static bool is_gone(const struct nets *n, const char *id)
{
	auto_(arena) struct arena mem = {0};
	auto_fd int dir = open_container(n, id);
	struct wire *wire = NULL;
	struct err ignored;

	return dir < 0 || (wire_load(dir, &mem, &wire, &ignored) == 0 && !wire);
}

/* Ports that no member of the network has. */
struct strays {
	struct words known, *found;
	struct arena *mem;
};

static void look_at_port(void *ctx, const char *name)
{
	struct strays *s = ctx;

	for (size_t i = 0; i < s->known.n; i++)
		if (str_eq(s->known.v[i], name))
			return;
	words_add(s->found, arena_str(s->mem, name), s->mem);
}

static int find_strays(const struct nets *n, const struct network *w, struct arena *mem,
		       struct words *ret, struct err *err)
{
	auto_(members) struct members m = {0};
	struct strays s = {.found = ret, .mem = mem};
	unsigned bridge = is_bridge(w) ? if_nametoindex(w->link) : 0;

	if (!bridge)
		return 0;
	if (members_load(n, w->name, &m, err) < 0)
		return -err->num;
	for (size_t i = 0; i < m.n; i++) {
		auto_fd int dir = open_container(n, m.v[i].id);
		struct wire *wire = NULL;
		struct err ignored;
		if (dir < 0 || wire_load(dir, mem, &wire, &ignored) < 0 || !wire)
			continue;
		for (size_t k = 0; k < wire->n_ends; k++)
			words_add(&s.known, wire->ends[k].link, mem);
	}
	auto_fd int sock = nl_open(NETLINK_ROUTE, err);
	return sock < 0 ? sock : link_ports(sock, bridge, look_at_port, &s, err);
}

static int check_one(const struct nets *n, const char *name, struct str *ret, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(members) struct members m = {0};
	struct words strays = {0};
	struct network *w;
	int bad = 0;

	if (network_load(n, name, &mem, &w, err) < 0 || members_load(n, name, &m, err) < 0)
		return -err->num;
	if (is_bridge(w) && !if_nametoindex(w->link)) {
		str_addf(ret, "network %s: its bridge %s is missing\n", name, w->link);
		bad++;
	}
	if (find_strays(n, w, &mem, &strays, err) < 0)
		return -err->num;
	for (size_t i = 0; i < strays.n; i++)
		str_addf(ret, "network %s: link %s is nobody's\n", name, strays.v[i]);
	bad += (int)strays.n;
	for (size_t i = 0; i < m.n; i++)
		if (is_gone(n, m.v[i].id)) {
			str_addf(ret, "network %s: container %s is gone, its address is not\n",
				 name, m.v[i].id);
			bad++;
		}
	return bad;
}

/* What tenants that have no members have left. */
static int check_tenants(const struct nets *n, struct str *ret, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	struct words strays = {0};
	int r = tenant_rate_strays(n, &mem, &strays, err);

	for (size_t i = 0; i < strays.n; i++)
		str_addf(ret, "link %s is nobody's\n", strays.v[i]);
	return r < 0 ? r : (int)strays.n;
}

static int delete_links(const struct words *names, struct err *err)
{
	auto_(nl) struct nl l = {0};

	if (!names->n)
		return 0;
	for (size_t i = 0; i < names->n; i++)
		link_delete(&l, names->v[i]);
	auto_fd int sock = nl_open(NETLINK_ROUTE, err);
	return sock < 0 ? sock : nl_send(sock, &l, err);
}

static int repair_tenants(const struct nets *n, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	struct words strays = {0};
	int r = tenant_rate_strays(n, &mem, &strays, err);

	return r < 0 ? r : delete_links(&strays, err);
}

static int count_rules(const struct nets *n, struct err *err)
{
	static const uint8_t families[] = {NFPROTO_INET, NFPROTO_BRIDGE};
	int rules = 0;

	auto_fd int sock = nl_open(NETLINK_NETFILTER, err);
	if (sock < 0)
		return sock;
	for (size_t i = 0; i < sizeof(families); i++) {
		int r = nft_count_rules(sock, families[i], n->table, err);
		if (r < 0 && r != -ENOENT)
			return r;
		rules += r < 0 ? 0 : r;
	}
	return rules;
}

/* Without a bridge there is to be none; who may not ask for it then has made none either. */
static int check_filter(const struct nets *n, struct str *ret, struct err *err)
{
	int bridges = has_bridges(n, err);
	int wanted = bridges > 0 ? (int)firewall_rules() : 0;
	int rules = bridges < 0 ? bridges : count_rules(n, err);

	if (rules < 0)
		return bridges ? rules : 0;
	if (rules == wanted)
		return 0;
	str_addf(ret, "packet filter: %d rules of %d are there\n", rules, wanted);
	return 1;
}

int network_check(const struct nets *n, struct str *ret, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	const char **names;
	int count = network_names(n, &mem, &names, err);
	int bad = count < 0 ? count : check_filter(n, ret, err);

	for (int i = 0; bad >= 0 && i < count; i++) {
		int r = check_one(n, names[i], ret, err);
		if (r < 0)
			return r;
		bad += r;
	}
	int left = bad < 0 ? bad : check_tenants(n, ret, err);
	return left < 0 ? left : bad + left;
}

static int delete_strays(const struct nets *n, const struct network *w, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	struct words strays = {0};
	int r = find_strays(n, w, &mem, &strays, err);

	return r < 0 ? r : delete_links(&strays, err);
}

static int forget_gone(const struct nets *n, const struct network *w, struct err *err)
{
	auto_(members) struct members m = {0}, left = {0};
	int r = members_load(n, w->name, &m, err);

	for (size_t i = 0; r == 0 && i < m.n;)
		if (is_gone(n, m.v[i].id)) {
			members_add(&left, &m.v[i]);
			members_drop(&m, m.v[i].id);
		} else {
			i++;
		}
	if (r < 0 || !left.n)
		return r;
	r = members_save(n, w->name, &m, err);
	for (size_t i = 0; r == 0 && i < left.n; i++)
		r = hosts_update(n, w, &m, left.v[i].tenant, err);
	return r;
}

/* A new filter counts from nothing. */
static int keep_usage(const struct nets *n, const struct network *w, struct err *err)
{
	auto_(members) struct members m = {0};

	if (members_load(n, w->name, &m, err) < 0)
		return -err->num;
	for (size_t i = 0; i < m.n; i++) {
		auto_(arena) struct arena mem = {0};
		auto_fd int dir = open_container(n, m.v[i].id);
		struct wire *wire = NULL;
		struct err ignored;
		if (dir >= 0 && wire_load(dir, &mem, &wire, &ignored) == 0 && wire &&
		    str_eq(wire->ends[0].network, w->name) && net_usage_keep(n, dir, wire, err) < 0)
			return -err->num;
	}
	return 0;
}

int network_repair(const struct nets *n, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	const char **names;
	int r = nets_sweep(n, err);

	if (r < 0)
		return r;
	int count = network_names(n, &mem, &names, err);
	if (count < 0)
		return count;
	for (int i = 0; i < count; i++) {
		struct network *w;
		if (network_load(n, names[i], &mem, &w, err) < 0 || forget_gone(n, w, err) < 0 ||
		    delete_strays(n, w, err) < 0 || keep_usage(n, w, err) < 0)
			return -err->num;
	}
	r = repair_tenants(n, err);
	if (r == 0)
		r = network_rebuild(n, NULL, err);
	for (int i = 0; r == 0 && i < count; i++) {
		struct network *w;
		r = network_load(n, names[i], &mem, &w, err);
		if (r == 0)
			r = network_up(n, w, err);
	}
	return r;
}
