/* SPDX-License-Identifier: Apache-2.0 */
/* From the record of a container to the request that makes it once more, and the other way round. */
#include <errno.h>

#include "cmd/engine.h"
#include "cmd/joined.h"
#include "image/host.h"
#include "net/port.h"
#include "net/wire_plan.h"
#include "runtime/load.h"
#include "runtime/overlay.h"
#include "runtime/probe.h"
#include "runtime/tenant.h"

/* ---- the root ---------------------------------------------------------------------------------*/

void engine_keep_overlay(const struct rootfs_overlay *o, struct state_options *ret)
{
	ret->disk_size = o->upper_bytes;
	ret->has_disk_size = o->upper_bytes != 0;
	ret->layers = (const char **)(uintptr_t)o->layers;
	ret->n_layers = o->n_layers;
	ret->layers_dir = o->dir;
	ret->layers_joined = ret->has_layers_joined = o->is_joined;
	ret->upper = o->upper;
	ret->disk = o->disk;
	ret->fleeting = ret->has_fleeting = o->is_volatile;
}

/* The overlay, or NULL. */
static int find_overlay(const struct call *call, const struct state *s, const struct host *host,
			const struct rootfs_overlay **ret, struct err *err)
{
	const struct state_options *o = s->options;
	struct image *image = arena_zalloc(call->mem, 1, sizeof(*image));

	*ret = NULL;
	if (o->n_layers) {
		image->overlay = overlay_recorded(o);
	} else if (!s->image || !str_eq(s->image, "host") || host->euid != 0 || host->in_userns) {
		return 0; /* root.path as it is */
	} else {
		int r = host_image(call->g->root, o->disk_size, call->mem, image, err);
		if (r < 0)
			return r;
	}
	*ret = &image->overlay;
	return overlay_check(&image->overlay, err);
}

/* ---- networks ---------------------------------------------------------------------------------*/

static struct words words_of(const char **v, size_t n)
{
	return (struct words){v, n};
}

/* As the flag says it: [ADDRESS:][PORT]:PORT/PROTOCOL. */
static const char *publish_text(const struct wire_publish *p, struct arena *mem)
{
	auto_(str) struct str text = {0};
	unsigned more = p->has_count ? p->count - 1U : 0;
	bool is_six = p->address && strchr(p->address, ':');

	if (p->address)
		str_addf(&text, is_six ? "[%s]:" : "%s:", p->address);
	if (p->port)
		str_addf(&text, "%u", p->port);
	if (p->port && more)
		str_addf(&text, "-%u", p->port + more);
	if (p->address || p->port)
		str_add_char(&text, ':');
	str_addf(&text, "%u", p->to);
	if (more)
		str_addf(&text, "-%u", p->to + more);
	str_addf(&text, "/%s", p->protocol);
	return arena_str(mem, text.p);
}

void engine_keep_ports(const struct wire_publish *list, size_t n, struct state_wire *ret,
		       struct arena *mem)
{
	struct words texts = {0};

	for (size_t i = 0; i < n; i++)
		words_add(&texts, publish_text(&list[i], mem), mem);
	ret->publish = texts.v;
	ret->n_publish = texts.n;
}

void engine_keep_wire(const struct wire_want *w, struct state_options *ret, struct arena *mem)
{
	struct state_wire *s = arena_zalloc(mem, 1, sizeof(*s));

	*s = (struct state_wire){
		.networks = w->networks.v,
		.n_networks = w->networks.n,
		.helper = w->helper,
		.ip = w->ip,
		.ip6 = w->ip6,
		.mac = w->mac,
		.hostname = w->hostname,
		.aliases = w->aliases.v,
		.n_aliases = w->aliases.n,
		.extra_hosts = w->extra_hosts.v,
		.n_extra_hosts = w->extra_hosts.n,
		.dns = w->dns.v,
		.n_dns = w->dns.n,
		.dns_search = w->dns_search.v,
		.n_dns_search = w->dns_search.n,
		.dns_options = w->dns_options.v,
		.n_dns_options = w->dns_options.n,
		.rate_in = w->rate_in,
		.has_rate_in = w->rate_in != 0,
		.rate_out = w->rate_out,
		.has_rate_out = w->rate_out != 0,
		.priority = w->priority,
		.has_priority = w->has_priority,
	};
	engine_keep_ports(w->publish, w->n_publish, s, mem);
	ret->wire = s;
}

static int find_wire(const struct call *call, const struct state *state,
		     const struct wire_want **ret, struct err *err)
{
	const struct state_wire *s = state->options->wire;
	struct arena *mem = call->mem;
	struct wire_want *w = arena_zalloc(mem, 1, sizeof(*w));

	*ret = NULL;
	if (!s)
		return 0;
	struct wire_publish *publish = arena_zalloc(mem, s->n_publish, sizeof(*publish));
	for (size_t i = 0; i < s->n_publish; i++)
		if (port_parse(s->publish[i], mem, &publish[i], err) < 0)
			return -err->num;
	*w = (struct wire_want){
		.networks = words_of(s->networks, s->n_networks),
		.helper = s->helper,
		.ip = s->ip,
		.ip6 = s->ip6,
		.mac = s->mac,
		.hostname = s->hostname,
		.aliases = words_of(s->aliases, s->n_aliases),
		.publish = publish,
		.n_publish = s->n_publish,
		.extra_hosts = words_of(s->extra_hosts, s->n_extra_hosts),
		.dns = words_of(s->dns, s->n_dns),
		.dns_search = words_of(s->dns_search, s->n_dns_search),
		.dns_options = words_of(s->dns_options, s->n_dns_options),
		.rate_in = s->rate_in,
		.rate_out = s->rate_out,
		.priority = s->priority,
		.has_priority = s->has_priority,
	};
	*ret = w;
	return w->helper ? 0 : tenant_wire(call->g->root, state->tenant, w, err);
}

int engine_again(const struct call *call, const struct container *c, struct again *ret,
		 struct err *err)
{
	const struct rootfs_overlay *overlay;
	const struct wire_want *wire;
	const struct state *s = c->state;

	if (!s || !s->engine || !s->options)
		return err_say(err, EINVAL,
			       "it was made by the OCI command line, to be started once");
	int r = load_config(c, call->mem, &ret->config, err);
	if (r < 0 || (r = host_probe(&ret->host, err)) < 0 ||
	    (r = joined_again(call, s->options, ret->config, err)) < 0 ||
	    (r = find_overlay(call, s, &ret->host, &overlay, err)) < 0 ||
	    (r = find_wire(call, s, &wire, err)) < 0)
		return r;
	ret->want = (struct create_opts){
		.root = call->g->root,
		.id = c->id,
		.bundle = s->bundle,
		.manager = load_manager(c),
		.io = {.detach = true},
		.engine = true,
		.auto_remove = s->auto_remove,
		.image = s->image,
		.options = s->options,
		.again = true,
		.overlay = overlay,
		.wire = wire,
		.scratch = s->scratch,
	};
	/* The policy may have become stricter since. */
	const struct tenant_guest guest = {.root = call->g->root,
					   .id = c->id,
					   .name = s->tenant,
					   .disk = s->options->disk ? s->options->disk_size : 0,
					   .in_memory = overlay && rootfs_in_memory(overlay)};
	return tenant_join(&guest, &ret->host, ret->config, call->mem, &ret->want.tenant, err);
}
