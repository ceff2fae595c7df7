/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cmd/groups.h"
#include "runtime/base/path.h"
#include "runtime/container.h"
#include "runtime/state.h"
#include "runtime/tenant.h"

int groups_find(const struct call *call, const char *name, struct groups *ret, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	auto_(tenants) struct tenants all = {.dir_fd = -1};
	const char **from;

	if (path_id_ok(name) && container_open(call->g->root, name, false, false, &c, err) == 0 &&
	    c.state) {
		from = c.state->cgroups;
		ret->n = c.state->n_cgroups;
	} else {
		int r = tenants_open(call->g->root, false, &all, err);
		if (r < 0)
			return r;
		const struct tenant *t = tenants_find(&all, name);
		if (!t)
			return err_say(err, ENOENT,
				       "there is neither a container nor a tenant %.60s", name);
		from = t->groups;
		ret->n = t->n_groups;
	}
	ret->names = arena_zalloc(call->mem, ret->n, sizeof(*ret->names));
	for (size_t i = 0; i < ret->n; i++)
		ret->names[i] = arena_str(call->mem, from[i]);
	return 0;
}
