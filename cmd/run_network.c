/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "cmd/joined.h"
#include "cmd/run_network.h"
#include "net/cni.h"
#include "net/files.h"
#include "net/helper.h"
#include "net/network.h"
#include "net/port.h"
#include "net/priority.h"
#include "runtime/base/log.h"
#include "runtime/container.h"
#include "runtime/tenant.h"

/* A limit that the container can lift is none. */
static int check_rate(const struct run_flags *f, const struct run_network *n, struct err *err)
{
	bool is_admin = f->privileged;

	for (size_t i = 0; i < f->cap_add.n; i++) {
		const char *cap = f->cap_add.v[i];
		cap += strncasecmp(cap, "CAP_", 4) == 0 ? 4 : 0;
		is_admin |= strcasecmp(cap, "ALL") == 0 || strcasecmp(cap, "NET_ADMIN") == 0;
	}
	if (!is_admin || !n->wire.rate_out)
		return 0;
	err_say(err, EINVAL,
		"--net-rate: a container with NET_ADMIN can lift what limits its sending");
	err_hint(err, "limit only what it receives: --net-rate IN/, or leave out the capability");
	return -EINVAL;
}

static int probe_ports(struct run_network *n, struct arena *mem, struct err *err)
{
	struct wire_publish *list = arena_zalloc(mem, n->wire.n_publish, sizeof(*list));

	for (size_t i = 0; i < n->wire.n_publish; i++) {
		list[i] = n->wire.publish[i];
		if (port_probe(&list[i], err) < 0)
			return err_wrap(err, "--publish");
	}
	n->wire.publish = list;
	return 0;
}

static int make_default(const char *root, struct arena *mem, struct err *err)
{
	auto_(nets) struct nets n = NETS_NONE;
	struct network *w;
	struct err ignored;
	int r = nets_open(root, false, &n, err);

	if (r < 0 || network_load(&n, NET_DEFAULT, mem, &w, &ignored) == 0)
		return r;
	nets_clear(&n);
	r = nets_open(root, true, &n, err);
	return r < 0 ? r : network_default(&n, mem, &w, err);
}

static void warn_of_none(const struct err *err)
{
	char text[sizeof(err->msg) + 100];

	log_warning("the container has no network but a loopback: %s%s%s%s (--network none says "
		    "that this is right)",
		    err_text(err, text, sizeof(text)), *err->hint ? " (" : "", err->hint,
		    *err->hint ? ")" : "");
}

/* A container that nobody gave a network does without where there can be none: it says so. */
static int try_default(const char *root, struct arena *mem, struct run_network *n, struct err *err)
{
	bool is_bridge = n->kind == RUN_NETWORK_WIRED && !n->wire.helper;
	int r = n->is_default && is_bridge ? make_default(root, mem, err) : 0;

	if (r == 0 || n->wire.n_publish || n->wire.ip || n->wire.rate_in || n->wire.rate_out ||
	    n->wire.has_priority)
		return r;
	warn_of_none(err);
	*n = (struct run_network){.kind = RUN_NETWORK_NONE};
	return 0;
}

/* Where the files of a wire are: in the container's directory, or the network's. */
struct file_place {
	const char *root, *id;
	bool is_private;
	const char *network;
	uint32_t tenant;
};

static void set_files(const struct file_place *at, struct arena *mem, struct run_network *n)
{
	char name[HOSTS_NAME_MAX];

	n->resolv = arena_printf(mem, "%s/%s/resolv.conf", at->root, at->id);
	n->hosts = at->is_private ? arena_printf(mem, "%s/%s/hosts", at->root, at->id)
				  : arena_printf(mem, "%s/.net/%s", at->root,
						 hosts_name(at->network, at->tenant, name));
}

static int join_container(const char *root, struct arena *mem, struct run_network *n,
			  struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	struct wire *wire;
	int r = joined_open(root, "--network", n->container, &c, err);

	if (r < 0)
		return r;
	if (wire_load(c.dir_fd, mem, &wire, err) < 0)
		return err_wrap(err, "--network container:%.60s", n->container);
	n->path = joined_path(&c, "net", mem);
	if (wire && wire->n_ends) {
		const struct wire_end *e = &wire->ends[0];
		const struct file_place at = {root, n->container, wire->private, e->network,
					      e->tenant};
		set_files(&at, mem, n);
	}
	return 0;
}

/* What carries the packets of one who is not root: nothing, where somebody else was asked to. */
static int find_helper(const struct compose *in, const char *fallback, const char **ret,
		       struct err *err)
{
	const struct network_flags *f = &in->flags->network;
	const char *word = f->networks.n ? f->networks.v[0] : fallback;

	*ret = NULL;
	if ((in->host->euid == 0 && !in->host->in_userns) || (word && !helper_is(word)))
		return 0;
	int r = helper_choose(word, ret, err);
	if (r == 0 || word || f->publish.n || f->publish_all)
		return r;
	warn_of_none(err);
	return 0;
}

/* Nobody keeps a tenant's container apart from others in a network that is not ctr's. */
static int check_plugins(const struct run_network *n, const char *tenant, struct err *err)
{
	if (!cni_is(n->wire.helper) || !tenant)
		return 0;
	err_say(err, EPERM, "--network %.60s: not for a container of tenant %.60s", n->wire.helper,
		tenant);
	err_hint(err,
		 "--network bridge, or a name of ctr network ls, keeps tenants apart; pasta is "
		 "for users' own containers");
	return -EPERM;
}

int run_network_look(const struct compose *in, const char *root, const char *tenant,
		     struct run_network *ret, struct err *err)
{
	const char *fallback = getenv("CTR_NETWORK");
	const struct run_flags *flags = in->flags;
	struct arena *mem = in->mem;
	struct run_network n;

	struct network_ask ask = {.flags = &flags->network,
				  .fallback = fallback && *fallback ? fallback : NULL,
				  .exposed = &in->image->exposed};
	int r = find_helper(in, ask.fallback, &ask.helper, err);
	if (r < 0)
		return r;
	r = network_read(&ask, in->host, mem, &n, err);
	if (r < 0 || (r = check_rate(flags, &n, err)) < 0 || (r = probe_ports(&n, mem, err)) < 0 ||
	    (r = try_default(root, mem, &n, err)) < 0)
		return r;
	if (n.container && (r = join_container(root, mem, &n, err)) < 0)
		return r;
	if (n.kind == RUN_NETWORK_WIRED) {
		if (check_plugins(&n, tenant, err) < 0)
			return -err->num;
		if (!n.wire.helper && (r = tenant_wire(root, tenant, &n.wire, err)) < 0)
			return r;
		const char *warning = n.wire.has_priority ? priority_warning(mem) : NULL;
		if (warning)
			log_warning("%s", warning);
		n.wire.hostname = flags->hostname ? flags->hostname : flags->id;
		const struct file_place at = {
			.root = root,
			.id = flags->id,
			.is_private = wire_is_private(&n.wire),
			.network = n.wire.helper ? "" : n.wire.networks.v[0],
			.tenant = n.wire.tenant.number,
		};
		set_files(&at, mem, &n);
	}
	*ret = n;
	return 0;
}
