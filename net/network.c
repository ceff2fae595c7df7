/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "net/firewall.h"
#include "net/link.h"
#include "net/network.h"
#include "net/sysctl.h"
#include "runtime/base/clock.h"

enum { LINKS_MAX = 1000 };

/* ---- deciding ---------------------------------------------------------------------------------*/

/* Subnets that are somebody's already. */
struct taken {
	struct cidr *v;
	size_t n;
};

static void taken_clear(struct taken *t)
{
	free(t->v);
}

static void take(void *ctx, const struct cidr *subnet)
{
	struct taken *t = ctx;

	t->v = mem_resize(t->v, t->n + 1, sizeof(*t->v));
	t->v[t->n++] = *subnet;
}

static int take_networks(const struct nets *n, struct taken *t, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	const char **names;
	int count = network_names(n, &mem, &names, err);

	for (int i = 0; i < count; i++) {
		struct net_ranges ranges;
		struct network *w;
		if (network_load(n, names[i], &mem, &w, err) < 0 ||
		    network_ranges(w, &ranges, err) < 0)
			return -err->num;
		if (!str_eq(w->driver, "bridge"))
			continue;
		if (ranges.four.ip.n)
			take(t, &ranges.four);
		if (ranges.six.ip.n)
			take(t, &ranges.six);
	}
	return count < 0 ? count : 0;
}

static int check_subnet(const struct taken *t, const struct cidr *c, struct err *err)
{
	char text[IP_TEXT_MAX], other[IP_TEXT_MAX];

	for (size_t i = 0; i < t->n; i++)
		if (cidr_overlaps(&t->v[i], c)) {
			err_say(err, EADDRINUSE, "subnet %s: the host has a route to %s",
				cidr_text(c, text), cidr_text(&t->v[i], other));
			err_hint(err, "ip route shows it; without --subnet a free one is chosen");
			return -EADDRINUSE;
		}
	return 0;
}

static int random_six(struct cidr *ret, struct err *err)
{
	struct cidr c = {.bits = 64, .ip = {.n = 16, .b = {0xFD}}}; /* RFC 4193 */

	if (getrandom(c.ip.b + 1, 5, 0) != 5)
		return err_set(err, errno, "get random bytes");
	*ret = c;
	return 0;
}

/* The subnet that was asked for, cut to its network's part. */
static int read_subnet(const char *flag, const char *text, unsigned n, struct cidr *ret,
		       struct err *err)
{
	enum { HOST_BITS_LEAST = 2 };
	struct cidr c;

	if (cidr_parse(text, &c) < 0 || c.ip.n != n || c.bits + HOST_BITS_LEAST > n * 8 || !c.bits)
		return err_say(err, EINVAL, "--%s: expected %s, got \"%.60s\"", flag,
			       n == 4 ? "a subnet such as 10.5.0.0/24"
				      : "a subnet such as fd12::/64",
			       text);
	*ret = cidr_net(&c);
	return 0;
}

/* Subnet and gateway of one family, as texts for the record. */
static int set_range(const struct cidr *c, const char *gateway, struct arena *mem,
		     const char **ret_subnet, const char **ret_gateway, struct err *err)
{
	struct ip own = cidr_at(c, 1);
	char text[IP_TEXT_MAX];

	if (gateway && (ip_parse(gateway, &own) < 0 || !cidr_has(c, &own)))
		return err_say(err, EINVAL, "--gateway: expected an address of %s, got \"%.60s\"",
			       cidr_text(c, text), gateway);
	*ret_subnet = arena_str(mem, cidr_text(c, text));
	*ret_gateway = arena_str(mem, ip_text(&own, text));
	return 0;
}

static int decide_ranges(const struct nets *n, const struct network_want *want, bool is_bridge,
			 struct arena *mem, struct network *w, struct err *err)
{
	auto_(taken) struct taken taken = {0};
	struct cidr four = {0}, six = {0};

	auto_fd int sock = nl_open(NETLINK_ROUTE, err);
	if (sock < 0 || (is_bridge && link_subnets(sock, take, &taken, err) < 0) ||
	    take_networks(n, &taken, err) < 0)
		return -err->num;
	int r = want->subnet ? read_subnet("subnet", want->subnet, 4, &four, err)
			     : ipam_free_subnet(taken.v, taken.n, &four, err);
	if (r == 0 && want->subnet && is_bridge)
		r = check_subnet(&taken, &four, err);
	if (r == 0 && want->subnet6)
		r = read_subnet("subnet6", want->subnet6, 16, &six, err);
	else if (r == 0 && is_bridge && !want->no_six && sysctl_has_six())
		r = random_six(&six, err);
	if (r == 0 && six.ip.n && is_bridge)
		r = check_subnet(&taken, &six, err);
	if (r == 0)
		r = set_range(&four, want->gateway, mem, &w->subnet, &w->gateway, err);
	if (r == 0 && six.ip.n)
		r = set_range(&six, want->gateway6, mem, &w->subnet6, &w->gateway6, err);
	return r;
}

static bool link_is_recorded(const struct nets *n, const char *link)
{
	auto_(arena) struct arena mem = {0};
	struct err ignored;
	const char **names;
	struct network *w;
	int count = network_names(n, &mem, &names, &ignored);

	for (int i = 0; i < count; i++)
		if (network_load(n, names[i], &mem, &w, &ignored) == 0 && str_eq(w->link, link))
			return true;
	return false;
}

/* "ctr0" is kept for the default network. */
static int decide_bridge(const struct nets *n, const char *name, struct arena *mem,
			 const char **ret, struct err *err)
{
	for (int i = !str_eq(name, NET_DEFAULT); i < LINKS_MAX; i++) {
		const char *link = arena_printf(mem, "ctr%d", i);
		if (if_nametoindex(link) || link_is_recorded(n, link))
			continue;
		*ret = link;
		return 0;
	}
	return err_say(err, ENOSPC, "the host has %d bridges of ctr already", LINKS_MAX);
}

/* The host's link that macvlan and ipvlan share: the one that leads out, unless another is named. */
static int decide_parent(const struct network_want *want, struct arena *mem, const char **ret,
			 struct err *err)
{
	char link[IF_NAMESIZE];

	if (want->link) {
		if (!if_nametoindex(want->link))
			return err_set(err, errno, "link %.40s", want->link);
		*ret = want->link;
		return 0;
	}
	auto_fd int sock = nl_open(NETLINK_ROUTE, err);
	if (sock < 0)
		return sock;
	int r = link_of_default_route(sock, link, err);
	if (r < 0)
		err_hint(err, "name the link to share with --parent");
	else
		*ret = arena_str(mem, link);
	return r;
}

static int check_want(const struct network_want *want, const char *driver, struct err *err)
{
	bool is_bridge = str_eq(driver, "bridge"), is_ipvlan = str_eq(driver, "ipvlan");
	const char *mode = want->mode;
	const struct err_conflict rows[] = {
		{!is_bridge && !is_ipvlan && !str_eq(driver, "macvlan"), "such a driver",
		 "bridge, macvlan and ipvlan are known"},
		{is_bridge && want->link, "--parent with a bridge",
		 "a bridge is the host's own; macvlan and ipvlan share a link"},
		{is_bridge && mode, "--mode with a bridge", "it is of macvlan and ipvlan"},
		{!is_bridge && want->isolated, "--isolated without a bridge",
		 "macvlan has --mode private"},
		{!is_bridge && want->internal, "--internal without a bridge",
		 "what shares a link of the host is on that link's network"},
		{!is_bridge && !want->subnet, "macvlan or ipvlan without --subnet",
		 "name the subnet of the link that is shared, and --gateway"},
		{!is_bridge && mode && is_ipvlan && !str_eq(mode, "l2") && !str_eq(mode, "l3"),
		 "such a --mode", "ipvlan has l2 and l3"},
		{!is_bridge && mode && !is_ipvlan && !str_eq(mode, "bridge") &&
			 !str_eq(mode, "private") && !str_eq(mode, "vepa"),
		 "such a --mode", "macvlan has bridge, private and vepa"},
		{want->mtu && (want->mtu < 1280 || want->mtu > 65535), "such an --mtu",
		 "1280, the least that IPv6 takes, to 65535"},
	};

	return err_conflicts(rows, sizeof(rows) / sizeof(*rows), err);
}

static int decide(const struct nets *n, const struct network_want *want, struct arena *mem,
		  struct network *w, struct err *err)
{
	char now[CLOCK_TEXT_MAX];
	const char *driver = want->driver ? want->driver : "bridge";
	bool is_bridge = str_eq(driver, "bridge");

	*w = (struct network){
		.version = NET_VERSION,
		.has_version = true,
		.name = want->name,
		.driver = driver,
		.mode = is_bridge        ? NULL
			: want->mode     ? want->mode
			: *driver == 'm' ? "bridge"
					 : "l2",
		.mtu = want->mtu,
		.has_mtu = want->mtu != 0,
		.internal = want->internal,
		.has_internal = true,
		.isolated = want->isolated,
		.has_isolated = true,
		.created = arena_str(mem, clock_now(now, false)),
		.uid = geteuid(),
		.has_uid = true,
	};
	int r = check_want(want, driver, err);
	if (r < 0)
		return r;
	r = is_bridge ? decide_bridge(n, want->name, mem, &w->link, err)
		      : decide_parent(want, mem, &w->link, err);
	return r < 0 ? r : decide_ranges(n, want, is_bridge, mem, w, err);
}

int network_create(const struct nets *n, const struct network_want *want, struct arena *mem,
		   struct network **ret, struct err *err)
{
	struct network *w = arena_zalloc(mem, 1, sizeof(*w));
	struct err ignored;

	int r = network_check_name(want->name, err);
	if (r < 0)
		return r;
	if (network_load(n, want->name, mem, ret, &ignored) != -ENOENT)
		return err_say(err, EEXIST, "network \"%s\" exists already", want->name);
	if ((r = decide(n, want, mem, w, err)) < 0 || (r = network_save(n, w, err)) < 0)
		return r;
	r = network_up(n, w, err);
	if (r < 0) {
		if (network_unmake(n, w, &ignored) < 0)
			network_forget(n, w->name, &ignored);
		return r;
	}
	*ret = w;
	return 0;
}

int network_default(const struct nets *n, struct arena *mem, struct network **ret, struct err *err)
{
	const struct network_want want = {.name = NET_DEFAULT};
	struct err first;

	if (network_load(n, NET_DEFAULT, mem, ret, &first) == 0)
		return 0;
	if (first.num != ENOENT) {
		*err = first;
		return -first.num;
	}
	return network_create(n, &want, mem, ret, err);
}
