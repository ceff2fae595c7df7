/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/oci.h"

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
	if (b.config->process)
		io_opts_tell(b.config->process, listen, call->mem);
	want.bundle = b.dir;
	want.config_text = b.text;
	want.config_len = b.text_len;
	*ret_bundle = b;
	*ret = want;
	return 0;
}
