/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a container's network: joining, leaving. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "net/cni_keep.h"
#include "net/cni_run.h"
#include "net/files.h"
#include "net/firewall.h"
#include "net/network.h"
#include "net/port.h"
#include "net/slirp.h"
#include "net/tenant_rate.h"
#include "net/wire.h"
#include "net/wire_parts.h"

/* ---- joining ----------------------------------------------------------------------------------*/

static int parse_want(const char *flag, const char *text, struct ip *ret, struct err *err)
{
	*ret = (struct ip){0};
	if (text && ip_parse(text, ret) < 0)
		return err_say(err, EINVAL, "--%s: \"%.60s\" is no address", flag, text);
	return 0;
}

/* Which numbers of the subnets it gets. */
static int choose(const struct network *w, const struct wire_want *want, bool is_first,
		  const struct members *m, struct member *ret, struct err *err)
{
	struct ip four = {0}, six = {0};
	struct net_ranges r;

	if (network_ranges(w, &r, err) < 0 ||
	    (is_first && (parse_want("ip", want->ip, &four, err) < 0 ||
			  parse_want("ip6", want->ip6, &six, err) < 0)) ||
	    ipam_choose(&r.four, &r.gateway, &four, m, &ret->index, err) < 0)
		return -err->num;
	if (!r.six.ip.n)
		return six.n ? err_say(err, EINVAL, "--ip6: network %s has no IPv6", w->name) : 0;
	/* Both addresses have the same number where that is free: easier to read. */
	struct ip same = cidr_at(&r.six, ret->index);
	struct err ignored;
	if (!six.n && ipam_choose(&r.six, &r.gateway6, &same, m, &ret->index6, &ignored) == 0)
		return 0;
	return ipam_choose(&r.six, &r.gateway6, &six, m, &ret->index6, err);
}

static const char *joined(const char *const *names, size_t n, struct arena *mem)
{
	auto_(str) struct str text = {0};

	for (size_t i = 0; i < n; i++)
		str_addf(&text, "%s%s", i ? "," : "", names[i]);
	return arena_str(mem, text.p ? text.p : "-");
}

/* A port that was somebody's must never be taken for somebody else's. */
static int new_link(const struct nets *n, struct arena *mem, const char **ret, struct err *err)
{
	char begin[FIREWALL_LINKS_MAX];
	uint32_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return err_set(err, errno, "get random bytes");
	firewall_links(n->table, begin);
	*ret = arena_printf(mem, "%s%06x", begin, number & 0xFFFFFF);
	return 0;
}

/* One network more for the wire: decided under the lock, recorded in this order. */
int wire_add_end(const struct nets *n, const struct joining *j, const char *network, bool is_first,
		 struct err *err)
{
	auto_(members) struct members m = {0};
	struct wire_want want = *j->want;
	/* Whoever joins one network more does so as who it is. */
	uint32_t tenant = j->wire->n_ends ? j->wire->ends[0].tenant : want.tenant.number;
	struct wire_choice own = {
		.m = {.id = j->id, .is_private = j->wire->private, .tenant = tenant},
		.is_first = is_first,
		.leads_out = j->wire->n_ends == 0,
	};
	struct wire_end *ends = arena_zalloc(j->mem, j->wire->n_ends + 1, sizeof(*j->wire->ends));
	struct network *w;

	int r = str_eq(network, NET_DEFAULT) ? network_default(n, j->mem, &w, err)
					     : network_load(n, network, j->mem, &w, err);
	if (r < 0 || (r = members_load(n, w->name, &m, err)) < 0)
		return r;
	if (members_find(&m, j->id))
		return err_say(err, EEXIST, "container %s is in network %s already", j->id,
			       w->name);
	if ((r = choose(w, j->want, is_first, &m, &own.m, err)) < 0 ||
	    (r = new_link(n, j->mem, &own.link, err)) < 0)
		return r;
	if (j->wire->n_ends)
		memcpy(ends, j->wire->ends, j->wire->n_ends * sizeof(*ends));
	struct wire_end *e = &ends[j->wire->n_ends];
	if (j->wire->n_ends) {
		want.has_priority = ends->has_priority;
		want.priority = ends->priority;
	}
	r = wire_plan_end(w, &want, &own, j->mem, e, err);
	if (r < 0)
		return r;
	e->name = wire_free_name(j->wire, j->mem);
	own.m.names = joined(e->names, e->n_names, j->mem);
	j->wire->ends = ends;
	j->wire->n_ends++;
	members_add(&m, &own.m);
	m.last = own.m.index;
	if ((r = wire_save(j->dir, j->wire, err)) < 0 ||
	    (r = members_save(n, w->name, &m, err)) < 0)
		return r;
	return hosts_update(n, w, &m, tenant, err);
}

/* There is no network to join: what it publishes is all that is to be known. */
static int add_helper(const struct nets *n, const struct joining *j, struct err *err)
{
	struct wire_end *end = arena_zalloc(j->mem, 1, sizeof(*end));
	int r = wire_plan_helper(j->want, j->id, j->mem, end, err);

	if (r < 0)
		return r;
	j->wire->helper = j->want->helper;
	j->wire->ends = end;
	j->wire->n_ends = 1;
	r = wire_save(j->dir, j->wire, err);
	return r < 0 || !j->wire->cni ? r : cni_keep(n, j->id, j->wire, err);
}

const char *wire_free_name(const struct wire *wire, struct arena *mem)
{
	for (unsigned number = 0;; number++) {
		const char *name = arena_printf(mem, "eth%u", number);
		bool is_free = true;
		for (size_t i = 0; i < wire->n_ends; i++)
			is_free &= !str_eq(wire->ends[i].name, name);
		if (is_free)
			return name;
	}
}

/* "db:10.0.0.7" as a line of a hosts file; "host-gateway" is the first network's gateway. */
static int add_extra_hosts(const struct wire_want *want, struct arena *mem, struct wire *wire,
			   const char *gateway, struct err *err)
{
	wire->extra_hosts = arena_zalloc(mem, want->extra_hosts.n, sizeof(*wire->extra_hosts));
	for (size_t i = 0; i < want->extra_hosts.n; i++) {
		const char *text = want->extra_hosts.v[i], *colon = strchr(text, ':');
		const char *address = colon ? colon + 1 : "";
		struct ip ip;
		if (str_eq(address, "host-gateway") && gateway)
			address = gateway;
		if (!colon || colon == text || ip_parse(address, &ip) < 0 ||
		    strcspn(text, " \t\n#") < strlen(text))
			return err_say(err, EINVAL,
				       "--add-host: expected NAME:ADDRESS, got \"%.60s\"", text);
		wire->extra_hosts[wire->n_extra_hosts++] =
			arena_printf(mem, "%s\t%.*s", address, (int)(colon - text), text);
	}
	return 0;
}

/* A line of resolv.conf is words with blanks between them: a word has none, nor a line's end. */
static int check_words(const char *flag, const struct words *words, struct err *err)
{
	for (size_t i = 0; i < words->n; i++) {
		const char *p = words->v[i];
		while ((unsigned char)*p > ' ' && *p != 0x7f)
			p++;
		if (*p || p == words->v[i])
			return err_say(err, EINVAL, "%s: \"%.60s\" is not one word", flag,
				       words->v[i]);
	}
	return 0;
}

int wire_write_resolv(int dir, const struct wire_want *want, bool is_internal, struct err *err)
{
	const char *slirp[] = {SLIRP_RESOLVER};
	auto_(str) struct str host = {0}, text = {0};
	bool is_slirp = want->helper && str_eq(want->helper, "slirp4netns");
	const struct resolv_want r = {
		is_slirp && !want->dns.n ? (struct words){slirp, 1} : want->dns,
		want->dns_search,
		want->dns_options,
		is_internal,
	};

	for (size_t i = 0; i < want->dns.n; i++) {
		struct ip ip;
		if (ip_parse(want->dns.v[i], &ip) < 0)
			return err_say(err, EINVAL, "--dns: \"%.60s\" is no address",
				       want->dns.v[i]);
	}
	if (check_words("--dns-search", &r.search, err) < 0 ||
	    check_words("--dns-option", &r.options, err) < 0)
		return -err->num;
	resolv_read_host(&host); /* without one there are the flags */
	resolv_text(host.p ? host.p : "", &r, &text);
	return file_put(dir, "resolv.conf", &text, err);
}

int wire_write_files(const struct nets *n, const struct joining *j, struct err *err)
{
	bool is_internal = j->wire->n_ends > 0 && !j->wire->helper;
	const char *gateway = NULL;

	for (size_t i = 0; i < j->wire->n_ends; i++) {
		is_internal &= !j->wire->ends[i].gateway;
		gateway = gateway ? gateway : j->wire->ends[i].gateway;
	}
	int r = wire_write_resolv(j->dir, j->want, is_internal, err);
	if (r < 0 || (r = add_extra_hosts(j->want, j->mem, j->wire, gateway, err)) < 0)
		return r;
	if (!j->wire->private)
		return 0;
	r = j->wire->n_extra_hosts ? wire_save(j->dir, j->wire, err) : 0;
	return r < 0 ? r : hosts_write_private(n, j->id, err);
}

int wire_join(const struct wire_place *at, const struct wire_want *want, struct arena *mem,
	      struct wire **ret, struct err *err)
{
	auto_(nets) struct nets n = NETS_NONE;
	struct wire *wire = arena_zalloc(mem, 1, sizeof(*wire));
	const struct joining j = {at->id, at->dir, want, mem, wire};
	struct err ignored;

	*wire = (struct wire){.version = NET_VERSION,
			      .has_version = true,
			      .private = wire_is_private(want),
			      .has_private = true};
	int r = cni_is(want->helper) ? cni_find(at->root, at->id, want, mem, wire, err) : 0;
	if (r < 0)
		return err_wrap(err, "--network %s", want->helper);
	r = nets_open(at->root, true, &n, err);
	if (r == 0 && want->helper)
		r = add_helper(&n, &j, err);
	for (size_t i = 0; r == 0 && i < want->networks.n; i++)
		r = wire_add_end(&n, &j, want->networks.v[i], i == 0, err);
	if (r == 0)
		r = tenant_rate_join(&n, &want->tenant, err);
	if (r == 0)
		r = wire_write_files(&n, &j, err);
	nets_clear(&n);
	if (r < 0) {
		wire_down(at->root, at->id, at->dir, &ignored);
		return r;
	}
	*ret = wire;
	return 0;
}

/* ---- leaving ----------------------------------------------------------------------------------*/

/* Whoever was killed may have come to any of these lines. */
static int leave(const struct nets *n, const char *id, const struct wire_end *e, struct err *err)
{
	auto_(members) struct members m = {0};
	auto_(arena) struct arena mem = {0};
	struct network *w;
	int r = members_load(n, e->network, &m, err);

	if (r == 0 && members_find(&m, id)) {
		members_drop(&m, id);
		r = members_save(n, e->network, &m, err);
	}
	if (r < 0)
		return r;
	r = network_load(n, e->network, &mem, &w, err);
	if (r == 0)
		r = hosts_update(n, w, &m, e->tenant, err);
	else if (r == -ENOENT) /* a record that somebody removed must not keep the container */
		r = 0;
	return r < 0 ? r : tenant_rate_leave(n, e->tenant, err);
}

static int take_down(const char *root, const char *id, int dir, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(nets) struct nets n = NETS_NONE;
	struct wire *wire = NULL;
	int r;

	if ((r = nets_open(root, false, &n, err)) < 0 || (r = wire_load(dir, &mem, &wire, err)) < 0)
		return r;
	if (wire && (r = wire_unmake(&n, dir, wire, false, err)) < 0)
		return r;
	nets_clear(&n);
	if ((r = nets_open(root, true, &n, err)) < 0)
		return r;
	for (size_t i = 0; wire && !wire->helper && i < wire->n_ends; i++)
		if ((r = leave(&n, id, &wire->ends[i], err)) < 0)
			return r;
	if (wire && wire->cni && (r = cni_forget(&n, id, err)) < 0)
		return r;
	unlinkat(dir, "resolv.conf", 0);
	unlinkat(dir, "hosts", 0);
	/* The last one: as long as it is there all of this is done again. */
	if (unlinkat(dir, "net.json", 0) < 0 && errno != ENOENT)
		return err_set(err, errno, "remove net.json of container %s", id);
	return 0;
}

int wire_down(const char *root, const char *id, int dir, struct err *err)
{
	enum { TRIES = 2 };
	int r = -EAGAIN;

	if (faccessat(dir, "net.json", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	/* What fails once, under pressure, seldom does so twice; and each step may be done twice. */
	for (int i = 0; r < 0 && i < TRIES; i++)
		r = take_down(root, id, dir, err);
	return r;
}

/* ---- live changes -----------------------------------------------------------------------------*/

static struct wire_end *find_end(struct wire *wire, const char *network)
{
	for (size_t i = 0; i < wire->n_ends; i++)
		if (str_eq(wire->ends[i].network, network))
			return &wire->ends[i];
	return NULL;
}

/* Each step may have been done already. */
static int drop_end(const struct nets *n, const struct wire_place *at, struct wire *wire,
		    struct wire_end *e, struct err *err)
{
	struct wire one = *wire;

	one.ends = e;
	one.n_ends = 1;
	int r = wire_unmake(n, at->dir, &one, true, err);
	if (r < 0 || (r = leave(n, at->id, e, err)) < 0)
		return r;
	size_t rest = (size_t)(wire->ends + wire->n_ends - (e + 1));
	memmove(e, e + 1, rest * sizeof(*e));
	wire->n_ends--;
	return wire_save(at->dir, wire, err);
}

int wire_connect(const struct wire_place *at, pid_t pid, const char *network,
		 const struct wire_want *want, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(nets) struct nets n = NETS_NONE;
	struct wire *wire = NULL;
	struct err ignored;

	int r = nets_open(at->root, true, &n, err);
	if (r < 0 || (r = wire_load(at->dir, &mem, &wire, err)) < 0)
		return r;
	if (!wire || !wire->n_ends || wire->helper) {
		err_say(err, EINVAL, "container %s was started without a network of ctr's", at->id);
		err_hint(err, "start it with --network NAME: its hosts file comes from there");
		return -EINVAL;
	}
	/* Somebody was killed while connecting it, or disconnecting. */
	struct wire_end *half = find_end(wire, network);
	if (half && half != wire->ends && !wire_is_whole(pid, half) &&
	    (r = drop_end(&n, at, wire, half, err)) < 0)
		return r;
	const struct joining j = {at->id, at->dir, want, &mem, wire};
	size_t before = wire->n_ends;
	if ((r = wire_add_end(&n, &j, network, true, err)) < 0)
		return r;
	struct wire more = *wire;
	more.ends = wire->ends + before;
	more.n_ends = 1;
	nets_clear(&n);
	r = wire_up(at->root, at->id, pid, &more, err);
	if (r < 0)
		wire_disconnect(at->root, at->id, at->dir, network, &ignored);
	return r;
}

int wire_disconnect(const char *root, const char *id, int dir, const char *network, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(nets) struct nets n = NETS_NONE;
	struct wire *wire = NULL;

	int r = nets_open(root, true, &n, err);
	if (r < 0 || (r = wire_load(dir, &mem, &wire, err)) < 0)
		return r;
	struct wire_end *e = wire && !wire->helper ? find_end(wire, network) : NULL;
	if (!e)
		return err_say(err, ENOENT, "container %s is not in network %s", id, network);
	return drop_end(&n, &(struct wire_place){root, id, dir}, wire, e, err);
}

static void list_publish(struct wire_end *e, const struct wire_publish *p, bool adds,
			 struct arena *mem)
{
	struct wire_publish *list = arena_zalloc(mem, e->n_publish + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < e->n_publish; i++)
		if (!port_same(&e->publish[i], p))
			list[n++] = e->publish[i];
	if (adds)
		list[n++] = *p;
	e->publish = list;
	e->n_publish = n;
}

int wire_publish(const char *root, const char *id, int dir, const struct wire_publish *p, bool adds,
		 struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(nets) struct nets n = NETS_NONE;
	struct wire *wire = NULL;

	int r = nets_open(root, true, &n, err);
	if (r < 0 || (r = wire_load(dir, &mem, &wire, err)) < 0)
		return r;
	struct wire_end *e = wire && wire->n_ends ? wire->ends : NULL;
	if (wire && wire->helper)
		return err_say(err, ENOTSUP, "what %s publishes is fixed once it has started",
			       wire->helper);
	if (!e || !str_eq(e->driver, "bridge") || !e->gateway)
		return err_say(err, EINVAL,
			       "container %s has no network that ports are published from", id);
	if (adds && (r = port_check_routed(p, err)) < 0)
		return r;
	bool is_there = false;
	for (size_t i = 0; i < e->n_publish; i++)
		is_there |= port_same(&e->publish[i], p);
	if (is_there == adds)
		return err_say(err, adds ? EEXIST : ENOENT, "container %s %s that port", id,
			       adds ? "publishes" : "does not publish");
	/* Recorded before it is there; not recorded any more once it is gone. */
	if (adds) {
		list_publish(e, p, true, &mem);
		if ((r = wire_save(dir, wire, err)) < 0)
			return r;
	}
	r = wire_filter_port(&n, e, p, !adds, err);
	if ((r < 0) == adds) {
		struct err ignored;
		list_publish(e, p, false, &mem);
		if (wire_save(dir, wire, adds ? &ignored : err) < 0 && !adds)
			return -err->num;
	}
	return r;
}

/* ---- priority ---------------------------------------------------------------------------------*/

static int check_sends(const struct wire *wire, const char *id, struct err *err)
{
	bool is_led_out = false;

	for (size_t i = 0; i < wire->n_ends; i++) {
		const struct wire_end *e = &wire->ends[i];
		is_led_out |= e->gateway || e->gateway6 || e->tenant;
		if (wire->helper || !str_eq(e->driver, "bridge"))
			return err_say(err, ENOTSUP,
				       "--net-prio: network %s of container %s is no bridge",
				       e->network, id);
	}
	return is_led_out ? 0
			  : err_say(err, ENOTSUP, "--net-prio: container %s has no way out", id);
}

int wire_prioritize(const struct wire_place *at, uint32_t priority, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(nets) struct nets n = NETS_NONE;
	auto_(nl) struct nl l = {0};
	struct firewall f = {.l = &l};
	struct wire *wire = NULL;

	int r = nets_open(at->root, true, &n, err);
	if (r < 0 || (r = wire_load(at->dir, &mem, &wire, err)) < 0 || !wire ||
	    (r = check_sends(wire, at->id, err)) < 0)
		return r;
	f.table = n.table;
	nft_begin(&l);
	for (size_t i = 0; r == 0 && i < wire->n_ends; i++) {
		f.removes = true;
		r = firewall_priority(&f, &wire->ends[i], err);
		f.removes = false;
		wire->ends[i].priority = priority;
		wire->ends[i].has_priority = true;
		if (r == 0)
			r = firewall_priority(&f, &wire->ends[i], err);
		if (r == 0) /* first, as it is what may be refused */
			r = tenant_rate_change(&n, &wire->ends[i], err);
	}
	nft_end(&l);
	if (r < 0 || (r = wire_save(at->dir, wire, err)) < 0)
		return r;
	auto_fd int sock = nl_open(NETLINK_NETFILTER, err);
	r = sock < 0 ? sock : nl_send(sock, &l, err);
	if (r == -ENOENT) /* somebody flushed it */
		r = network_rebuild(&n, NULL, err);
	return r;
}
