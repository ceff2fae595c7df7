/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cmd/oci.h"
#include "runtime/notify.h"
#include "runtime/own_size.h"
#include "runtime/tenant.h"

/* Callers of OCI runtimes have no flag for it. */
static const char *tenant_of(const struct config *cfg)
{
	for (size_t i = 0; i < cfg->n_annotations; i++)
		if (str_eq(cfg->annotations[i].key, TENANT_ANNOTATION))
			return cfg->annotations[i].value;
	return NULL;
}

int oci_opts_read(const struct oci_opts *o, const struct call *call, struct bundle *ret_bundle,
		  struct create_opts *ret, struct err *err)
{
	struct create_opts want = {
		.root = call->g->root,
		.id = call->id,
		.manager = call->g->manager,
		.no_new_keyring = o->no_new_keyring,
	};
	struct bundle b;
	unsigned listen;

	int r = container_check_id(call->id, err);
	if (r < 0 || (r = io_opts_read(&o->io, call->mem, &want.io, &listen, err)) < 0 ||
	    (r = bundle_read(o->bundle, o->config, call->mem, &b, err)) < 0)
		return r;
	const struct tenant_guest guest = {
		.root = want.root, .id = call->id, .name = tenant_of(b.config)};
	r = tenant_join(&guest, &b.host, b.config, call->mem, &want.tenant, err);
	if (r < 0)
		return r;
	own_size_mounts(want.root, call->id, call->mem, b.config);
	if (b.config->process)
		io_opts_tell(b.config->process, listen, call->mem);
	const char *notify = getenv("NOTIFY_SOCKET");
	if (b.config->process && notify && *notify) {
		notify_tell(b.config, arena_printf(call->mem, "%s/%s", want.root, want.id),
			    call->mem);
		want.notify = notify;
	}
	want.bundle = b.dir;
	want.config_text = b.text;
	want.config_len = b.text_len;
	*ret_bundle = b;
	*ret = want;
	return 0;
}
