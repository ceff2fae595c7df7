/* SPDX-License-Identifier: Apache-2.0 */
/* What the containers of a tenant may write to disk: no more together than it has. Each container's own
 * part (--disk) is what the kernel holds it to. */
#include <errno.h>

#include "runtime/base/str.h"
#include "runtime/container.h"
#include "runtime/state.h"
#include "runtime/tenant.h"

static bool is_within(const char *name, const char *tenant)
{
	size_t n = strlen(tenant);

	return strncmp(name, tenant, n) == 0 && (!name[n] || name[n] == '/');
}

uint64_t tenant_disk_given(const char *root, const char *tenant, const char *but)
{
	auto_(arena) struct arena mem = {0};
	struct err ignored;
	const char **ids;
	int n = container_ids(root, &mem, &ids, &ignored);
	uint64_t sum = 0;

	for (int i = 0; i < n; i++) {
		auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
		if ((but && str_eq(ids[i], but)) ||
		    container_open(root, ids[i], false, true, &c, &ignored) < 0 || !c.state)
			continue;
		const struct state_options *o = c.state->options;
		if (o && o->disk && c.state->tenant && is_within(c.state->tenant, tenant))
			sum += o->disk_size;
	}
	return sum;
}

/* It and those above it that have a limit. */
static const struct tenant *next_limit(const struct tenants *t, const char *name, size_t *at)
{
	while (*at < t->n) {
		const struct tenant *one = t->v[(*at)++];
		if (one->has_disk && is_within(name, one->name))
			return one;
	}
	return NULL;
}

bool tenant_disk_limits(const struct tenants *t, const char *name)
{
	size_t at = 0;

	return next_limit(t, name, &at) != NULL;
}

static int refuse(const struct tenant *t, struct err *err)
{
	err_say(err, EPERM,
		"of what tenant %s may write (--disk), a container has a part of its own: this one says "
		"none",
		t->name);
	err_hint(err, "--disk SIZE is its part; --read-only, or --disk SIZE,memory, needs none");
	err_code(err, "tenant-policy");
	return -EPERM;
}

int tenant_disk_admit(const struct tenants *t, const char *name, const struct tenant_guest *guest,
		      bool is_readonly, struct err *err)
{
	const struct tenant *one;

	for (size_t at = 0; (one = next_limit(t, name, &at));) {
		if (!guest->disk && !guest->in_memory && !is_readonly)
			return refuse(one, err);
		if (!guest->disk)
			continue;
		uint64_t given = tenant_disk_given(guest->root, one->name, guest->id);
		if (given + guest->disk <= one->disk)
			continue;
		err_say(err, ENOSPC,
			"--disk: %.2f MiB are not to be had: of the %.2f that tenant %s may write, "
			"%.2f are left",
			(double)guest->disk / (1 << 20), (double)one->disk / (1 << 20), one->name,
			one->disk > given ? (double)(one->disk - given) / (1 << 20) : 0.0);
		err_hint(err, "ctr rm gives back what a container has");
		err_code(err, "oversold");
		return -ENOSPC;
	}
	return 0;
}
