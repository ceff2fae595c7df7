/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/firewall.h"
#include "net/link.h"
#include "net/priority.h"
#include "net/tenant_rate.h"
#include "net/wire_plan.h"

enum { MTU_MOST = 1500 };

static const char directions[] = {'i', 'o'};

const char *tenant_rate_link(const char *table, char direction, uint32_t tenant,
			     char ret[RATE_LINK_MAX])
{
	char begin[FIREWALL_LINKS_MAX];

	firewall_links(table, begin);
	snprintf(ret, RATE_LINK_MAX, "%s%c%04x", begin, direction,
		 wire_tenant_top(tenant) & 0xFFFF);
	return ret;
}

/* ---- the links --------------------------------------------------------------------------------*/

/* Where the kernel can't, the rate holds all the same: who has a priority is refused by check_sorting. */
static int sort(int sock, uint32_t index, struct err *err)
{
	auto_(nl) struct nl l = {0};
	char queue[QUEUE_NAME_MAX];
	int r = priority_counts(sock, index, queue, err);

	if (r) /* another rate leaves what is below */
		return r < 0 ? r : 0;
	priority_queues(&l, index);
	r = nl_send(sock, &l, err);
	return r == -ENOENT ? 0 : r;
}

/* One that is there keeps its queues, unless those are what is asked for. It is switched on after them:
 * one that is not was left by somebody who was killed, and limits nothing. */
static int make(int sock, const char *name, uint64_t rate, bool changes, struct err *err)
{
	auto_(nl) struct nl l = {0}, queue = {0}, on = {0};

	if (!changes && link_is_up(sock, name))
		return 0;
	link_ifb(&l, name);
	int r = nl_send(sock, &l, err);
	if (r == -EOPNOTSUPP)
		err_hint(err, "this kernel is built without ifb, which a tenant's rate needs");
	int index = r < 0 ? r : link_index(sock, name, err);
	if (index < 0)
		return index;
	link_rate(&queue, (uint32_t)index, rate, MTU_MOST);
	r = nl_send(sock, &queue, err);
	if (r < 0 || (r = sort(sock, (uint32_t)index, err)) < 0)
		return r;
	link_up(&on, (uint32_t)index);
	return nl_send(sock, &on, err);
}

static int make_all(const struct nets *n, int sock, const struct wire_tenant *t, bool changes,
		    struct err *err)
{
	const uint64_t rates[] = {t->rate_in, t->rate_out};
	char name[RATE_LINK_MAX];

	for (size_t i = 0; i < sizeof(directions); i++)
		if (rates[i] &&
		    make(sock, tenant_rate_link(n->table, directions[i], t->number, name), rates[i],
			 changes, err) < 0)
			return err_wrap(err, "the tenant's rate");
	return 0;
}

static int drop(const struct nets *n, int sock, uint32_t tenant, const bool keeps[2],
		struct err *err)
{
	auto_(nl) struct nl l = {0};
	char name[RATE_LINK_MAX];

	for (size_t i = 0; i < sizeof(directions); i++) {
		tenant_rate_link(n->table, directions[i], tenant, name);
		if (!keeps[i] && if_nametoindex(name))
			link_delete(&l, name);
	}
	return l.n ? nl_send(sock, &l, err) : 0;
}

static int check_sorting(int sock, uint32_t link, struct err *err)
{
	char queue[QUEUE_NAME_MAX];
	int r = priority_counts(sock, link, queue, err);

	if (r)
		return r < 0 ? r : 0;
	err_say(err, ENOTSUP, "--net-prio: what the tenant's rate holds back is not sorted");
	err_hint(err,
		 "it needs a kernel with prio, fq_codel and skbedit; if this is one: ctr tenant "
		 "set NAME --net-rate IN/OUT makes the queues again");
	return -ENOTSUP;
}

/* What the container receives is sent by the host's end, and the other way round. Each packet's
 * priority is the container's, whatever the sender or a rule of the host's has written there. */
static int detour(const struct nets *n, int sock, const struct wire_end *e, bool sorts,
		  struct err *err)
{
	auto_(nl) struct nl l = {0};
	char name[RATE_LINK_MAX];
	unsigned link = if_nametoindex(e->link);

	if (!link) /* it is not made yet, or gone */
		return 0;
	link_detours(&l, link);
	for (size_t i = 0; i < sizeof(directions); i++) {
		const struct link_detour d = {
			.is_incoming = directions[i] == 'o',
			.through = if_nametoindex(
				tenant_rate_link(n->table, directions[i], e->tenant, name)),
			.has_priority = sorts,
			.priority = e->priority,
		};
		if (!d.through)
			continue;
		if (e->has_priority && check_sorting(sock, d.through, err) < 0)
			return -err->num;
		link_detour(&l, link, &d);
	}
	return nl_send(sock, &l, err);
}

static int enter(const struct nets *n, int sock, const struct wire_end *e, struct err *err)
{
	int r = detour(n, sock, e, true, err);

	if (r == -ENOENT && !e->has_priority) /* a kernel without skbedit */
		r = detour(n, sock, e, false, err);
	if (r == -ENODEV && !if_nametoindex(e->link)) /* it went with its container meanwhile */
		return 0;
	if (r == -ENOENT || r == -EOPNOTSUPP)
		err_hint(err,
			 "this kernel is built without clsact, u32 or mirred, which a "
			 "tenant's rate needs%s",
			 e->has_priority ? ", or without skbedit, which --net-prio does" : "");
	return r;
}

static bool has_rate(const struct nets *n, uint32_t tenant)
{
	char in[RATE_LINK_MAX], out[RATE_LINK_MAX];

	return tenant && (if_nametoindex(tenant_rate_link(n->table, 'i', tenant, in)) ||
			  if_nametoindex(tenant_rate_link(n->table, 'o', tenant, out)));
}

int tenant_rate_join(const struct nets *n, const struct wire_tenant *t, struct err *err)
{
	if (!t->rate_in && !t->rate_out)
		return 0;
	auto_fd int sock = nl_open(NETLINK_ROUTE, err);
	return sock < 0 ? sock : make_all(n, sock, t, false, err);
}

int tenant_rate_enter(const struct nets *n, int sock, const struct wire_end *e, struct err *err)
{
	return has_rate(n, e->tenant) ? enter(n, sock, e, err) : 0;
}

/* ---- the members ------------------------------------------------------------------------------*/

typedef int each_member(void *ctx, const struct network *w, const struct member *m,
			struct err *err);

/* Of the tenant and those below it, in all networks; ends with the first that does not return 0. */
static int for_members(const struct nets *n, uint32_t tenant, each_member *each, void *ctx,
		       struct err *err)
{
	auto_(arena) struct arena mem = {0};
	const char **names;
	int r = 0, count = network_names(n, &mem, &names, err);

	for (int i = 0; r == 0 && i < count; i++) {
		auto_(members) struct members m = {0};
		struct network *w;
		if (network_load(n, names[i], &mem, &w, err) < 0 ||
		    members_load(n, names[i], &m, err) < 0)
			return -err->num;
		for (size_t k = 0; r == 0 && k < m.n; k++)
			if (wire_tenant_top(m.v[k].tenant) == wire_tenant_top(tenant))
				r = each(ctx, w, &m.v[k], err);
	}
	return count < 0 ? count : r;
}

static int found(void *ctx, const struct network *w, const struct member *m, struct err *err)
{
	(void)ctx;
	(void)w;
	(void)m;
	(void)err;
	return 1;
}

int tenant_rate_change(const struct nets *n, const struct wire_end *e, struct err *err)
{
	if (!has_rate(n, e->tenant))
		return 0;
	auto_fd int sock = nl_open(NETLINK_ROUTE, err);
	return sock < 0 ? sock : enter(n, sock, e, err);
}

int tenant_rate_leave(const struct nets *n, uint32_t tenant, struct err *err)
{
	static const bool none[2];

	if (!has_rate(n, tenant))
		return 0;
	int r = for_members(n, tenant, found, NULL, err);
	if (r)
		return r < 0 ? r : 0;
	auto_fd int sock = nl_open(NETLINK_ROUTE, err);
	return sock < 0 ? sock : drop(n, sock, tenant, none, err);
}

struct changing {
	const struct nets *n;
	int sock;
};

static int change_member(void *ctx, const struct network *w, const struct member *m,
			 struct err *err)
{
	const struct changing *c = ctx;
	auto_(arena) struct arena mem = {0};
	auto_free char *path = mem_printf("%s/%s", c->n->root, m->id);
	auto_fd int dir = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct wire *wire = NULL;
	int r = dir < 0 ? 0 : wire_load(dir, &mem, &wire, err);

	for (size_t i = 0; r == 0 && wire && i < wire->n_ends; i++)
		if (str_eq(wire->ends[i].network, w->name) &&
		    str_eq(wire->ends[i].driver, "bridge"))
			r = enter(c->n, c->sock, &wire->ends[i], err);
	return r;
}

int tenant_rate_set(const char *root, const struct wire_tenant *t, struct err *err)
{
	auto_(nets) struct nets n = NETS_NONE;
	const bool keeps[] = {t->rate_in != 0, t->rate_out != 0};
	int r = nets_open(root, true, &n, err);

	if (r < 0 || (r = for_members(&n, t->number, found, NULL, err)) <= 0)
		return r;
	auto_fd int sock = nl_open(NETLINK_ROUTE, err);
	struct changing c = {&n, sock};
	if (sock < 0)
		return sock;
	/* A link that goes away takes the detours to it along. */
	if ((r = make_all(&n, sock, t, true, err)) < 0 ||
	    (r = drop(&n, sock, t->number, keeps, err)) < 0)
		return r;
	return for_members(&n, t->number, change_member, &c, err);
}

/* ---- check ------------------------------------------------------------------------------------*/

/* The tenant whose link it would be, or 0. */
static uint32_t tenant_of(const struct nets *n, const char *link)
{
	char begin[FIREWALL_LINKS_MAX], *end;

	firewall_links(n->table, begin);
	size_t len = strlen(begin);
	if (strncmp(link, begin, len) != 0 || !link[len] || !strchr("io", link[len]) ||
	    strlen(link + len) != 5)
		return 0;
	unsigned long top = strtoul(link + len + 1, &end, 16);
	return *end ? 0 : (uint32_t)top << 16;
}

int tenant_rate_strays(const struct nets *n, struct arena *mem, struct words *ret, struct err *err)
{
	struct if_nameindex *all = if_nameindex();
	int r = all ? 0 : err_set(err, errno, "list the links");

	for (size_t i = 0; r >= 0 && all && all[i].if_index; i++) {
		uint32_t tenant = tenant_of(n, all[i].if_name);
		r = tenant ? for_members(n, tenant, found, NULL, err) : 1;
		if (r == 0)
			words_add(ret, arena_str(mem, all[i].if_name), mem);
	}
	if_freenameindex(all);
	return r < 0 ? r : 0;
}
