/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "image/compose_network.h"
#include "net/cni.h"
#include "net/helper.h"
#include "net/port.h"
#include "net/priority.h"
#include "runtime/base/str.h"

/* ---- rates ------------------------------------------------------------------------------------*/

/* "10mbit" is in bits, "10m" in bytes, both by powers of 1000 as rates are. */
static int read_rate(const char *text, size_t n, uint64_t *ret)
{
	static const struct {
		char letter;
		uint64_t times;
	} units[] = {{'k', 1000}, {'m', 1000000}, {'g', 1000000000}};
	char digits[24];
	uint64_t times = 1, value;
	bool bits = n > 3 && memcmp(text + n - 3, "bit", 3) == 0;

	*ret = 0;
	if (!n)
		return 0;
	n -= bits ? 3 : 0;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (n && (text[n - 1] | 0x20) == units[i].letter) {
			times = units[i].times;
			n--;
			break;
		}
	if (!n || n >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, text, n);
	digits[n] = 0;
	if (num_max(digits, 10, UINT64_MAX / 1000000000, &value) < 0)
		return -EINVAL;
	value = bits ? value * times / 8 : value * times;
	/* Less is not a connection, and the kernel's queue cannot count it. */
	if (value < 1000)
		return -ERANGE;
	*ret = value;
	return 0;
}

int network_read_rate(const char *text, uint64_t *ret_in, uint64_t *ret_out, struct err *err)
{
	const char *slash = strchrnul(text, '/');
	const char *out = *slash ? slash + 1 : text;

	if (read_rate(text, (size_t)(slash - text), ret_in) < 0 ||
	    read_rate(out, strlen(out), ret_out) < 0 || !(*ret_in | *ret_out))
		return err_say(err, EINVAL,
			       "--net-rate: expected IN/OUT such as 100mbit/10mbit or 5m/ (bytes), "
			       "8kbit at least, got \"%.60s\"",
			       text);
	return 0;
}

/* ---- which network ----------------------------------------------------------------------------*/

static int lone_word(const struct words *w, const char *text, struct err *err)
{
	if (w->n == 1)
		return 0;
	return err_say(err, EINVAL, "--network %.40s does not go with another network", text);
}

static int read_one(const struct words *all, const char *text, struct arena *mem,
		    struct run_network *n, struct err *err)
{
	const char *name = text;

	if (str_eq(text, "none") || str_eq(text, "host")) {
		n->kind = *text == 'n' ? RUN_NETWORK_NONE : RUN_NETWORK_HOST;
		return lone_word(all, text, err);
	}
	if (str_starts(text, "container:") || str_starts(text, "ns:")) {
		bool is_path = *text == 'n';
		n->kind = RUN_NETWORK_JOIN;
		n->path = is_path ? text + 3 : NULL;
		n->container = is_path ? NULL : text + 10;
		if (is_path && *n->path != '/')
			return err_say(
				err, EINVAL,
				"--network ns:PATH: expected an absolute path, got \"%.60s\"",
				n->path);
		return lone_word(all, text, err);
	}
	if (cni_is(text)) {
		n->kind = RUN_NETWORK_WIRED;
		n->wire.helper = text;
		if (network_check_name(text + strlen(CNI_PREFIX), err) < 0)
			return err_wrap(err, "--network %.60s", text);
		return lone_word(all, text, err);
	}
	if (str_starts(text, "pasta:") || str_starts(text, "slirp4netns:")) {
		err_say(err, ENOTSUP, "--network %.40s: ctr hands no words of yours on", text);
		err_hint(err, "pasta and slirp4netns stand alone, -p says what they publish");
		return -ENOTSUP;
	}
	if (helper_is(text)) {
		n->kind = RUN_NETWORK_WIRED;
		n->wire.helper = text;
		return lone_word(all, text, err);
	}
	if (str_eq(text, "bridge") || str_eq(text, "default"))
		name = NET_DEFAULT;
	n->kind = RUN_NETWORK_WIRED;
	words_add(&n->wire.networks, name, mem);
	return 0;
}

/* What only a network of ctr's own makes sense of. */
static int refuse_lost_flags(const struct network_flags *f, const struct run_network *n,
			     struct err *err)
{
	enum { OF_RUNTIME = 3, OF_LINKS = 6 };
	const struct {
		bool is_given;
		const char *name;
	} rows[] = {
		{f->rate, "--net-rate"},
		{f->prio, "--net-prio"},
		{f->aliases.n > 0, "--network-alias"}, /* OF_RUNTIME up to here */
		{f->ip, "--ip"},
		{f->ip6, "--ip6"},
		{f->mac, "--mac-address"}, /* OF_LINKS up to here */
		{f->publish.n > 0, "--publish"},
		{f->publish_all, "--publish-all"},
		{f->extra_hosts.n > 0, "--add-host"},
		{f->dns.n > 0, "--dns"},
		{f->dns_search.n > 0, "--dns-search"},
		{f->dns_options.n > 0, "--dns-option"},
	};
	const size_t n_rows = sizeof(rows) / sizeof(*rows);
	static const char *const words[] = {
		[RUN_NETWORK_NONE] = "none",
		[RUN_NETWORK_HOST] = "host",
		[RUN_NETWORK_JOIN] = "of another",
	};

	/* The first ones are about a link, which a helper makes as it likes; plugins may take some. */
	size_t lost = n->kind != RUN_NETWORK_WIRED ? n_rows
		      : cni_is(n->wire.helper)     ? OF_RUNTIME
		      : n->wire.helper             ? OF_LINKS
						   : 0;
	for (size_t i = 0; i < lost; i++)
		if (rows[i].is_given) {
			err_say(err, EINVAL, "%s is not possible with the network %s", rows[i].name,
				n->wire.helper ? n->wire.helper : words[n->kind]);
			err_hint(err, "it needs a network of ctr's: --network bridge, or a name of "
				      "ctr network ls");
			return -EINVAL;
		}
	return 0;
}

static bool is_published(const struct wire_publish *list, size_t n, const struct wire_publish *p)
{
	for (size_t i = 0; i < n; i++)
		if (p->to >= list[i].to &&
		    p->to - list[i].to <= (list[i].has_count ? list[i].count - 1 : 0) &&
		    str_eq(p->protocol, list[i].protocol))
			return true;
	return false;
}

/* What is said of a port of the container's counts before what the image names, which never has a
 * say in which port or address of the host it becomes. */
static int add_exposed(const char *text, struct arena *mem, struct wire_publish *list, size_t *n,
		       struct err *err)
{
	if (strchr(text, ':'))
		return err_say(err, EINVAL, "the image exposes \"%.40s\", which is no port", text);
	if (port_parse(text, mem, &list[*n], err) < 0)
		return err_wrap(err, "the image");
	*n += !is_published(list, *n, &list[*n]);
	return 0;
}

static int read_ports(const struct network_flags *f, const struct words *exposed, struct arena *mem,
		      struct wire_want *w, struct err *err)
{
	size_t more = f->publish_all && exposed ? exposed->n : 0;
	struct wire_publish *list = arena_zalloc(mem, f->publish.n + more, sizeof(*list));
	size_t n = 0;

	if (f->publish_all && !more)
		return err_say(err, EINVAL, "--publish-all: the image names no ports");
	for (size_t i = 0; i < f->publish.n; i++)
		if (port_parse(f->publish.v[i], mem, &list[n++], err) < 0)
			return -err->num;
	for (size_t i = 0; i < more; i++)
		if (add_exposed(exposed->v[i], mem, list, &n, err) < 0)
			return -err->num;
	w->publish = list;
	w->n_publish = n;
	return 0;
}

/* A bridge is root's, a helper is for everybody else. */
static int check_user(const struct run_network *n, bool is_root, struct err *err)
{
	if (cni_is(n->wire.helper) && is_root)
		return 0;
	if (cni_is(n->wire.helper)) {
		err_say(err, EPERM, "--network %.60s: plugins of CNI are root's", n->wire.helper);
		err_hint(err, "--network pasta carries your own container's packets");
		return -EPERM;
	}
	if (n->wire.helper && is_root) {
		err_say(err, EINVAL, "--network %s is for users who can't make a bridge",
			n->wire.helper);
		err_hint(err, "root has --network bridge, which is faster and keeps addresses");
		return -EINVAL;
	}
	if (n->wire.helper || is_root)
		return 0;
	err_say(err, EPERM, "--network %.40s: only root makes bridges", n->wire.networks.v[0]);
	err_hint(err, "pasta or slirp4netns: as far as your own programs reach; none: a loopback "
		      "only; host: the host's network as it is");
	return -EPERM;
}

static int read_wire(const struct network_ask *ask, struct arena *mem, struct wire_want *w,
		     struct err *err)
{
	const struct network_flags *f = ask->flags;
	uint8_t mac[6];

	if (f->mac && mac_parse(f->mac, mac) < 0)
		return err_say(err, EINVAL, "--mac-address: \"%.40s\" is none of one station",
			       f->mac);
	w->has_priority = f->prio != NULL;
	if ((f->rate && network_read_rate(f->rate, &w->rate_in, &w->rate_out, err) < 0) ||
	    (f->prio && priority_parse(f->prio, &w->priority, err) < 0) ||
	    read_ports(f, ask->exposed, mem, w, err) < 0)
		return -err->num;
	for (size_t i = 0; !w->helper && i < w->n_publish; i++)
		if (port_check_routed(&w->publish[i], err) < 0)
			return -err->num;
	return 0;
}

int network_read(const struct network_ask *ask, const struct host *host, struct arena *mem,
		 struct run_network *ret, struct err *err)
{
	bool is_root = host->euid == 0 && !host->in_userns;
	const struct network_flags *f = ask->flags;
	const char *usual = is_root ? "bridge" : ask->helper ? ask->helper : "none";
	struct words networks = f->networks;
	struct run_network n = {
		.is_default = !networks.n && !ask->fallback,
		.wire = {.ip = f->ip,
			 .ip6 = f->ip6,
			 .mac = f->mac,
			 .aliases = f->aliases,
			 .extra_hosts = f->extra_hosts,
			 .dns = f->dns,
			 .dns_search = f->dns_search,
			 .dns_options = f->dns_options},
	};

	if (!networks.n)
		words_add(&networks, ask->fallback ? ask->fallback : usual, mem);
	for (size_t i = 0; i < networks.n; i++)
		if (read_one(&networks, networks.v[i], mem, &n, err) < 0)
			return -err->num;
	int r = refuse_lost_flags(f, &n, err);
	if (r == 0 && n.kind == RUN_NETWORK_WIRED && (r = check_user(&n, is_root, err)) == 0)
		r = read_wire(ask, mem, &n.wire, err);
	if (r == 0)
		*ret = n;
	return r;
}
