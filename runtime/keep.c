/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/keep.h"
#include "cgroups/name.h"
#include "runtime/config/encode.h"
#include "runtime/config/merge.h"
#include "runtime/load.h"
#include "runtime/state.h"

int keep_resources(struct container *c, const struct config_resources *res, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	auto_(str) struct str text = {0};
	const struct state *s = c->state;
	struct config_linux none = {0};
	struct config *cfg;

	if (!s->engine)
		return 0;
	int r = load_config(c, &mem, &cfg, err);
	if (r < 0)
		return r;
	bool joint = cg_name_find(s->cgroups, s->n_cgroups, "memory") != NULL;
	if (!cfg->linux_)
		cfg->linux_ = &none;
	if (!cfg->linux_->resources)
		cfg->linux_->resources = arena_zalloc(&mem, 1, sizeof(*res));
	config_merge_resources(cfg->linux_->resources, res, joint, &mem);
	config_encode(cfg, NULL, &text);
	return container_replace_config(c, text.p, text.len, err);
}
