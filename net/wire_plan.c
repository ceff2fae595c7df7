/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "net/wire_plan.h"

bool wire_is_private(const struct wire_want *want)
{
	return want->extra_hosts.n || want->networks.n != 1;
}

/* A name may stand in a hosts file and in the list of members: no blank, comma or control. */
static int check_host_name(const char *flag, const char *name, struct err *err)
{
	static const char chars[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

	if (*name && !name[strspn(name, chars)] && strlen(name) < 256)
		return 0;
	return err_say(err, EINVAL, "%s: \"%.60s\" is no host name", flag, name);
}

/* Its host name, its id, its aliases; each once. */
static int plan_names(const struct wire_want *want, const char *id, struct arena *mem,
		      struct wire_end *e, struct err *err)
{
	struct words all = {0}, names = {0};
	struct err ignored;

	/* An id may hold a plus, and be long: then it is no host name. */
	if (want->hostname && check_host_name("--hostname", want->hostname, &ignored) == 0)
		words_add(&all, want->hostname, mem);
	if (check_host_name("", id, &ignored) == 0)
		words_add(&all, id, mem);
	for (size_t i = 0; i < want->aliases.n; i++) {
		if (check_host_name("--network-alias", want->aliases.v[i], err) < 0)
			return -err->num;
		words_add(&all, want->aliases.v[i], mem);
	}
	for (size_t i = 0; i < all.n; i++) {
		bool seen = false;
		for (size_t k = 0; k < names.n; k++)
			seen |= str_eq(names.v[k], all.v[i]);
		if (!seen)
			words_add(&names, all.v[i], mem);
	}
	if (!names.n)
		words_add(&names, "container", mem);
	e->names = names.v;
	e->n_names = names.n;
	return 0;
}

static const char *address_of(const struct cidr *subnet, uint32_t index, struct arena *mem)
{
	struct cidr own = {cidr_at(subnet, index), subnet->bits};
	char text[IP_TEXT_MAX];

	return subnet->ip.n ? arena_str(mem, cidr_text(&own, text)) : NULL;
}

static const char *mac_of(const struct net_ranges *r, uint32_t index, const char *want,
			  struct arena *mem)
{
	struct ip ip = cidr_at(&r->four, index);
	char text[MAC_TEXT_MAX];
	uint8_t mac[6];

	mac_from(&ip, mac);
	return want ? want : arena_str(mem, mac_text(mac, text));
}

static void plan_publish(const struct wire_want *want, struct arena *mem, struct wire_end *e)
{
	e->publish = arena_zalloc(mem, want->n_publish, sizeof(*e->publish));
	e->n_publish = want->n_publish;
	for (size_t i = 0; i < want->n_publish; i++)
		e->publish[i] = want->publish[i];
}

int wire_plan_helper(const struct wire_want *want, const char *id, struct arena *mem,
		     struct wire_end *ret, struct err *err)
{
	struct wire_end e = {
		.network = want->helper,
		.driver = want->helper,
		.link = "-",
		.name = "eth0",
	};
	int r = plan_names(want, id, mem, &e, err);

	if (r < 0)
		return r;
	plan_publish(want, mem, &e);
	*ret = e;
	return 0;
}

/* It holds where packets leave the host, and where a tenant's rate holds them back: elsewhere there is
 * no queue of the host's that they wait in. */
static int plan_priority(const struct network *w, const struct wire_want *want,
			 const struct wire_choice *c, struct wire_end *e, struct err *err)
{
	bool is_shared = want->tenant.rate_in || want->tenant.rate_out;

	if (!want->has_priority)
		return 0;
	if (!str_eq(w->driver, "bridge"))
		return err_say(err, ENOTSUP, "--net-prio: network %s is no bridge", w->name);
	if (w->internal && c->leads_out && !is_shared) {
		err_say(err, EINVAL, "--net-prio: network %s is internal", w->name);
		err_hint(err, "nothing leaves it, and nothing waits within it");
		return -EINVAL;
	}
	e->priority = want->priority;
	e->has_priority = true;
	return 0;
}

int wire_plan_end(const struct network *w, const struct wire_want *want,
		  const struct wire_choice *c, struct arena *mem, struct wire_end *ret,
		  struct err *err)
{
	bool is_bridge = str_eq(w->driver, "bridge"), is_ipvlan = str_eq(w->driver, "ipvlan");
	struct net_ranges r;

	if (network_ranges(w, &r, err) < 0)
		return -err->num;
	struct wire_end e = {
		.network = w->name,
		.driver = w->driver,
		.bridge = w->link,
		.mode = w->mode,
		.link = is_bridge ? c->link : "-",
		/* What shares the parent's hardware address has none of its own. */
		.mac = is_ipvlan ? NULL
				 : mac_of(&r, c->m.index, c->is_first ? want->mac : NULL, mem),
		.address = address_of(&r.four, c->m.index, mem),
		.address6 = address_of(&r.six, c->m.index6, mem),
		.gateway = w->internal || !c->leads_out ? NULL : w->gateway,
		.gateway6 = w->internal || !c->leads_out ? NULL : w->gateway6,
		.mtu = w->mtu,
		.has_mtu = w->has_mtu,
		.isolated = w->isolated,
		.has_isolated = w->isolated,
		.tenant = c->m.tenant,
		.has_tenant = c->m.tenant != 0,
	};
	if (plan_names(want, c->m.id, mem, &e, err) < 0)
		return -err->num;
	if (c->is_first) {
		plan_publish(want, mem, &e);
		e.rate_in = want->rate_in;
		e.has_rate_in = want->rate_in != 0;
		e.rate_out = want->rate_out;
		e.has_rate_out = want->rate_out != 0;
	}
	if (e.n_publish && (!is_bridge || w->internal)) {
		err_say(err, EINVAL, "--publish: network %s is %s", w->name,
			is_bridge ? "internal" : "no bridge");
		err_hint(err, "%s",
			 is_bridge ? "nothing outside reaches an internal network"
				   : "its members have addresses of their own outside");
		return -EINVAL;
	}
	bool is_shared = want->tenant.rate_in || want->tenant.rate_out;
	if (plan_priority(w, want, c, &e, err) < 0)
		return -err->num;
	if (!is_bridge && (e.has_rate_in || e.has_rate_out || is_shared))
		return err_say(err, ENOTSUP, "%s: network %s is no bridge",
			       is_shared ? "the tenant's --net-rate" : "--net-rate", w->name);
	*ret = e;
	return 0;
}
