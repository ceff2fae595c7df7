/* SPDX-License-Identifier: Apache-2.0 */
/* A container's network made and unmade in the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <unistd.h>

#include "net/cni_keep.h"
#include "net/cni_run.h"
#include "net/files.h"
#include "net/firewall.h"
#include "net/helper.h"
#include "net/link.h"
#include "net/network.h"
#include "net/sysctl.h"
#include "net/tenant_rate.h"
#include "net/usage.h"
#include "net/wire.h"
#include "net/wire_parts.h"

enum { MTU_USUAL = 1500 };

/* Where the parts of an end go. */
struct making {
	int host;   /* rtnetlink socket of the host's namespace */
	int inside; /* and of the container's */
	int netns;  /* the container's namespace */
};

static void making_clear(struct making *m)
{
	auto_close_fd(&m->host);
	auto_close_fd(&m->inside);
	auto_close_fd(&m->netns);
}

/* On failure the caller closes what is open by then. */
static int open_making(pid_t pid, struct making *m, struct err *err)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	m->netns = open(path, O_RDONLY | O_CLOEXEC);
	if (m->netns < 0)
		return err_set(err, errno, "open %s", path);
	m->host = nl_open(NETLINK_ROUTE, err);
	if (m->host < 0)
		return m->host;
	m->inside = nl_open_in(m->netns, sysctl_closed, err);
	return m->inside < 0 ? m->inside : 0;
}

/* ---- links ------------------------------------------------------------------------------------*/

/* The bridge's index; it is made again when somebody removed it, or the machine has started anew. */
static int find_bridge(const struct nets *n, int host, const struct wire_end *e, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	struct network *w;
	struct err first;
	int index = link_index(host, e->bridge, &first);

	if (index != -ENODEV || !str_eq(e->driver, "bridge")) {
		if (index < 0)
			*err = first;
		return index;
	}
	if (network_load(n, e->network, &mem, &w, err) < 0 || network_up(n, w, err) < 0)
		return -err->num;
	return link_index(host, e->bridge, err);
}

/* Where bridged frames pass the host's filter (br_netfilter), one that a published port sends back to
 * the container that it came from never leaves the bridge. */
static bool wants_hairpin(const struct wire_end *e)
{
	return e->n_publish && sysctl_filters_bridges();
}

static int set_hairpin(const struct wire_end *e, struct err *err)
{
	auto_(nl) struct nl l = {0};

	if (!sysctl_filters_bridges())
		return 0;
	auto_fd int sock = nl_open(NETLINK_ROUTE, err);
	if (sock < 0)
		return sock;
	link_up_port(&l, e->link, &(struct link_port){.is_hairpin = true});
	return nl_send(sock, &l, err);
}

static int make_link(const struct nets *n, const struct making *m, const struct wire_end *e,
		     struct err *err)
{
	auto_(nl) struct nl l = {0};
	uint8_t mac[6];
	int bridge = find_bridge(n, m->host, e, err);
	struct link_new peer = {
		.name = e->name,
		.mac = e->mac && mac_parse(e->mac, mac) == 0 ? mac : NULL,
		.mtu = e->mtu,
		.has_netns = true,
		.netns = m->netns,
	};
	const struct link_new here = {
		.name = e->link,
		.mtu = e->mtu,
		.master = (uint32_t)bridge,
	};

	if (bridge < 0)
		return bridge;
	if (str_eq(e->driver, "bridge")) {
		link_veth(&l, &here, &peer);
		link_up_port(&l, e->link,
			     &(struct link_port){.has_six = e->address6 != NULL,
						 .is_isolated = e->isolated,
						 .is_hairpin = wants_hairpin(e)});
	} else {
		link_vlan(&l, e->driver, (uint32_t)bridge, e->mode ? e->mode : "", &peer);
	}
	int r = nl_send(m->host, &l, err);
	if (r == -EOPNOTSUPP)
		err_hint(err, "this kernel is built without %s",
			 str_eq(e->driver, "bridge") ? "veth" : e->driver);
	return r;
}

static void add_address(struct nl *l, uint32_t index, const char *text)
{
	struct cidr c;

	if (text && cidr_parse(text, &c) == 0)
		link_address(l, index, &c);
}

static void add_route(struct nl *l, uint32_t index, const char *text)
{
	struct ip ip;

	if (text && ip_parse(text, &ip) == 0)
		link_default_route(l, index, ip_family(&ip), &ip);
}

static int set_inside(const struct making *m, const struct wire_end *e, struct err *err)
{
	auto_(nl) struct nl l = {0};
	int index = link_index(m->inside, e->name, err);
	uint8_t mac[6];

	if (index < 0)
		return index;
	if (e->rate_out)
		link_rate(&l, (uint32_t)index, e->rate_out, e->mtu ? e->mtu : MTU_USUAL);
	add_address(&l, (uint32_t)index, e->address);
	if (e->address6 && e->mac && mac_parse(e->mac, mac) == 0) {
		struct cidr local = {ip_link_local(mac), 64};
		link_address(&l, (uint32_t)index, &local);
	}
	add_address(&l, (uint32_t)index, e->address6);
	link_up(&l, (uint32_t)index);
	add_route(&l, (uint32_t)index, e->gateway);
	add_route(&l, (uint32_t)index, e->gateway6);
	return nl_send(m->inside, &l, err);
}

bool wire_is_whole(pid_t pid, const struct wire_end *e)
{
	auto_(making) struct making m = {-1, -1, -1};
	struct err ignored;

	return open_making(pid, &m, &ignored) == 0 && link_is_up(m.inside, e->name);
}

static int set_host_end(const struct nets *n, const struct making *m, const struct wire_end *e,
			struct err *err)
{
	auto_(nl) struct nl l = {0};

	int r = tenant_rate_enter(n, m->host, e, err);
	if (r < 0 || !e->rate_in)
		return r;
	int index = link_index(m->host, e->link, err);
	if (index < 0)
		return index;
	link_rate(&l, (uint32_t)index, e->rate_in, e->mtu ? e->mtu : MTU_USUAL);
	return nl_send(m->host, &l, err);
}

/* ---- the filter -------------------------------------------------------------------------------*/

static int port_taken(int r, struct err *err)
{
	if (r != -EEXIST && r != -EBUSY)
		return r;
	err_say(err, EADDRINUSE, "a port that is to be published is another container's");
	err_hint(err, "ctr port shows who has which");
	return -EADDRINUSE;
}

static int filter(const struct nets *n, const struct wire *wire, struct err *err)
{
	auto_(nl) struct nl l = {0};
	const struct firewall f = {.l = &l, .table = n->table};
	bool has_any = false;

	auto_fd int sock = nl_open(NETLINK_NETFILTER, err);
	if (sock < 0)
		return sock;
	nft_begin(&l);
	for (size_t i = 0; i < wire->n_ends; i++) {
		if (!str_eq(wire->ends[i].driver, "bridge"))
			continue;
		has_any = true;
		if (firewall_end(&f, &wire->ends[i], err) < 0)
			return -err->num;
	}
	nft_end(&l);
	return has_any ? nl_send(sock, &l, err) : 0;
}

static int filter_up(const struct nets *n, const char *id, const struct wire *wire, struct err *err)
{
	int r = filter(n, wire, err);

	/* Somebody flushed the host's rules: then all of ours are wanted again. */
	if (r == -ENOENT && (r = network_rebuild(n, id, err)) == 0)
		r = filter(n, wire, err);
	return port_taken(r, err);
}

static int filter_down_once(const struct nets *n, const struct wire *wire, struct err *err)
{
	auto_(nl) struct nl l = {0};
	auto_fd int sock = nl_open(NETLINK_NETFILTER, err);
	const struct firewall f = {.l = &l, .table = n->table, .removes = true, .sock = sock};

	if (sock < 0)
		return sock;
	for (size_t i = 0; i < wire->n_ends; i++)
		if (str_eq(wire->ends[i].driver, "bridge") &&
		    firewall_end(&f, &wire->ends[i], err) < 0)
			return -err->num;
	return l.n ? nft_send_removals(sock, &l, err) : 0;
}

/* Nobody comes after the helper that does it later: so it tries again what failed. */
static int filter_down(const struct nets *n, const struct wire *wire, struct err *err)
{
	int r = filter_down_once(n, wire, err);

	return r < 0 ? filter_down_once(n, wire, err) : r;
}

int wire_filter_port(const struct nets *n, const struct wire_end *e, const struct wire_publish *p,
		     bool removes, struct err *err)
{
	auto_(nl) struct nl l = {0};
	auto_fd int sock = nl_open(NETLINK_NETFILTER, err);
	const struct firewall f = {.l = &l, .table = n->table, .removes = removes, .sock = sock};

	if (sock < 0)
		return sock;
	if (!removes)
		nft_begin(&l);
	int r = firewall_publish(&f, e, p, err);
	if (r < 0)
		return r;
	if (removes)
		return l.n ? nft_send_removals(sock, &l, err) : 0;
	nft_end(&l);
	r = nl_send(sock, &l, err);
	if (r == -ENOENT)
		r = network_rebuild(n, NULL, err);
	r = port_taken(r, err);
	return r < 0 ? r : set_hairpin(e, err);
}

/* ---- all of it --------------------------------------------------------------------------------*/

int wire_up(const char *root, const char *id, pid_t pid, const struct wire *wire, struct err *err)
{
	auto_(nets) struct nets n = NETS_NONE;
	auto_(making) struct making m = {-1, -1, -1};

	if (wire->helper)
		return 0;
	int r = nets_open(root, false, &n, err);
	/* Before there is a link there is the rule about it. */
	if (r < 0 || (r = filter_up(&n, id, wire, err)) < 0 || (r = open_making(pid, &m, err)) < 0)
		return r;
	for (size_t i = 0; r == 0 && i < wire->n_ends; i++) {
		const struct wire_end *e = &wire->ends[i];
		r = make_link(&n, &m, e, err);
		if (r == 0)
			r = set_host_end(&n, &m, e, err);
		if (r == 0)
			r = set_inside(&m, e, err);
		if (r < 0)
			err_wrap(err, "network %s", e->network);
	}
	return r;
}

/* Its files were bound into it by now: they are changed in place. What the flags say counts more. */
static int plug_in(const struct wire_place *at, pid_t pid, const struct wire_want *want,
		   struct wire *wire, struct arena *mem, struct err *err)
{
	auto_(nets) struct nets n = NETS_NONE;
	struct cni_answer a;

	int r = nets_open(at->root, false, &n, err);
	if (r < 0 || (r = cni_up(at->dir, pid, wire, mem, &a, err)) < 0 ||
	    (r = cni_keep_answer(&n, at->id, at->dir, err)) < 0)
		return r;
	struct wire_want both = *want;
	both.dns = want->dns.n ? want->dns : a.servers;
	both.dns_search = want->dns_search.n ? want->dns_search : a.search;
	both.dns_options = want->dns_options.n ? want->dns_options : a.options;
	r = wire_write_resolv(at->dir, &both, false, err);
	return r < 0 ? r : hosts_write_private(&n, at->id, err);
}

int wire_help(const struct wire_place *at, pid_t pid, const struct wire_want *want,
	      struct wire *wire, struct arena *mem, struct err *err)
{
	if (!wire->helper)
		return 0;
	int r = wire->cni ? plug_in(at, pid, want, wire, mem, err)
			  : helper_start(at->dir, pid, &wire->ends[0], err);
	return r < 0 ? err_wrap(err, "--network %s", wire->helper) : 0;
}

static int delete_links(const struct wire *wire, struct err *err)
{
	auto_(nl) struct nl l = {0};

	for (size_t i = 0; i < wire->n_ends; i++)
		if (str_eq(wire->ends[i].driver, "bridge"))
			link_delete(&l, wire->ends[i].link);
	auto_fd int sock = nl_open(NETLINK_ROUTE, err);
	return sock < 0 ? sock : nl_send(sock, &l, err);
}

/* Whether others may wait for what is removed: a port to publish; an address of a small network. */
static bool is_wanted_soon(const struct wire *wire)
{
	enum { SMALL = 24 };
	struct cidr c;

	for (size_t i = 0; i < wire->n_ends; i++)
		if (wire->ends[i].n_publish ||
		    (wire->ends[i].address && cidr_parse(wire->ends[i].address, &c) == 0 &&
		     c.bits > SMALL))
			return true;
	return false;
}

/* Whoever closes a socket of nftables waits until what was removed is out of sight for every
 * processor: some ten milliseconds. Where nobody needs it, nobody waits: what a helper that is killed
 * leaves are elements about links that there will never be again. */
static int filter_down_later(const struct nets *n, const struct wire *wire, struct err *err)
{
	pid_t pid = fork();

	if (pid)
		return pid < 0 ? filter_down(n, wire, err) : 0;
	setsid();
	close_range(0, ~0U, 0);
	filter_down(n, wire, err);
	_exit(0);
}

int wire_unmake(const struct nets *n, int dir, struct wire *wire, bool links, struct err *err)
{
	if (wire->cni)
		return cni_down(dir, wire, err);
	if (wire->helper)
		return helper_wait(dir, err);
	/* What was counted first: later there is nobody to ask. */
	int r = net_usage_keep(n, dir, wire, err);

	if (r == 0 && links)
		r = delete_links(wire, err);
	if (r < 0)
		return r;
	return links || is_wanted_soon(wire) ? filter_down(n, wire, err)
					     : filter_down_later(n, wire, err);
}
