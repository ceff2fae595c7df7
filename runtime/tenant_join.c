/* SPDX-License-Identifier: Apache-2.0 */
/* A container's way into its tenant. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/file.h"
#include "cgroups/name.h"
#include "namespaces/idmap.h"
#include "net/wire_plan.h"
#include "runtime/base/str.h"
#include "runtime/container.h"
#include "runtime/state.h"
#include "runtime/tenant.h"

/* Whose container it will be; a user's own tenant is not a matter of choice. */
static int choose(const struct tenants *t, const char *name, const struct host *host,
		  const struct tenant **ret, struct err *err)
{
	const struct tenant *own = host->euid ? tenants_of_user(t, host->euid) : NULL;

	*ret = own;
	if (!name || (own && str_eq(own->name, name)))
		return 0;
	if (own || host->euid) {
		err_say(err, EPERM, "you may not make containers of tenant %.60s", name);
		err_hint(err, own ? "yours is %.60s" : "ask for: ctr tenant set %.60s --user YOU",
			 own ? own->name : name);
		err_code(err, "tenant-policy");
		return -EPERM;
	}
	*ret = tenants_find(t, name);
	return *ret ? 0 : err_say(err, ENOENT, "there is no tenant %.60s", name);
}

/* The policy must see where a path leads, and what it saw is what will be mounted. */
static int resolve_sources(struct config *cfg, const char *root, const char *id, struct arena *mem,
			   struct err *err)
{
	char link[64], path[PATH_MAX];

	for (size_t i = 0; i < cfg->n_mounts; i++) {
		struct config_mount *m = &cfg->mounts[i];
		if (!m->source || *m->source != '/' || tenant_is_own_mount(m, root, id))
			continue;
		auto_fd int fd = open(m->source, O_PATH | O_CLOEXEC);
		if (fd < 0) /* the executor will say so */
			continue;
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		ssize_t n = readlink(link, path, sizeof(path) - 1);
		if (n < 0)
			return err_set(err, errno, "find out what %s is", m->source);
		m->source = arena_copy(mem, path, (size_t)n);
	}
	return 0;
}

/* ---- the tenant's own reservations, which its containers share out ----------------------------- */

static uint64_t min_of(const struct config_resources *res)
{
	uint64_t n;

	for (size_t i = 0; res && i < res->n_unified; i++)
		if (str_eq(res->unified[i].key, "memory.min") &&
		    num_u64(res->unified[i].value, &n) == 0)
			return n;
	return 0;
}

/* To all groups in it but the one of that name. */
static uint64_t promised(const char *dir, const char *but)
{
	uint64_t sum = 0;
	DIR *d = opendir(dir);

	for (struct dirent *e; d && (e = readdir(d));) {
		char path[PATH_MAX];
		uint64_t n = 0;
		if (e->d_type != DT_DIR || *e->d_name == '.' || str_eq(e->d_name, but))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (cg_file_u64(path, "memory.min", &n) == 0)
			sum += n;
	}
	if (d)
		closedir(d);
	return sum;
}

static int admit(const struct tenant *t, const char *id, const struct config_resources *res,
		 struct err *err)
{
	const char *v2 = cg_name_find(t->groups, t->n_groups, "");
	uint64_t want = min_of(res);
	int64_t all = t->shares && t->shares->has_memory_min ? t->shares->memory_min : 0;

	if (!want || !v2)
		return 0;
	uint64_t given = promised(v2, id), total = all > 0 ? (uint64_t)all : 0;
	if (given + want <= total)
		return 0;
	err_say(err, ENOSPC,
		"--memory-min: %" PRIu64 " bytes cannot be guaranteed: of the %" PRIu64
		" that tenant %s has, %" PRIu64 " are left",
		want, total, t->name, total > given ? total - given : 0);
	err_code(err, "oversold");
	return -ENOSPC;
}

int tenant_wire(const char *root, const char *name, struct wire_want *want, struct err *err)
{
	auto_(tenants) struct tenants all = {.dir_fd = -1};

	want->tenant = (struct wire_tenant){0};
	if (!name)
		return 0;
	int r = tenants_open(root, false, &all, err);
	const struct tenant *t = r < 0 ? NULL : tenants_find(&all, name);
	if (t)
		want->tenant = tenant_as_wire(&all, t);
	return t && want->has_priority ? tenant_allows_priority(t, want->priority, err) : r;
}

/* An interface that is not ctr's has no end that ctr could hold. */
static int check_rate(const struct tenants *all, const struct tenant *t, const struct config *cfg,
		      struct err *err)
{
	const struct wire_tenant w = tenant_as_wire(all, t);

	if ((!w.rate_in && !w.rate_out) || tenant_has_own_network(cfg))
		return 0;
	err_say(err, ENOTSUP, "tenant %s has a --net-rate, which holds on networks of ctr's only",
		t->name);
	err_hint(err, "name one with --network, or ctr tenant set %s --net-rate -1", t->name);
	return -ENOTSUP;
}

/* Two that come at once must not both be given what is left: the second one waits for the first
 * one's record. */
static int admit_disk(struct tenants *t, const char *name, const struct tenant_guest *guest,
		      const struct config *cfg, struct err *err)
{
	bool is_readonly = cfg->root && cfg->root->readonly;

	if (!tenant_disk_limits(t, name))
		return 0;
	if (!guest->disk || !guest->lock)
		return tenant_disk_admit(t, name, guest, is_readonly, err);
	auto_(tenants) struct tenants locked = {.dir_fd = -1};
	int r = tenants_open(guest->root, true, &locked, err);
	if (r == 0)
		r = tenant_disk_admit(&locked, name, guest, is_readonly, err);
	if (r == 0)
		*guest->lock = steal_fd(&locked.dir_fd);
	return r;
}

int tenant_join(const struct tenant_guest *guest, const struct host *host, struct config *cfg,
		struct arena *mem, const char **ret_name, struct err *err)
{
	const char *root = guest->root, *name = guest->name, *id = guest->id;
	auto_(tenants) struct tenants t = {.dir_fd = -1};
	const struct tenant *tenant;
	int r;

	*ret_name = NULL;
	if (!name && !host->euid)
		return 0;
	if ((r = tenants_open(root, false, &t, err)) < 0 ||
	    (r = choose(&t, name, host, &tenant, err)) < 0 || !tenant)
		return r;
	if ((r = check_rate(&t, tenant, cfg, err)) < 0 ||
	    (r = resolve_sources(cfg, root, id, mem, err)) < 0 ||
	    (r = tenant_allows(tenant, cfg, root, id, err)) < 0 ||
	    (r = admit(tenant, id, cfg->linux_ ? cfg->linux_->resources : NULL, err)) < 0 ||
	    (r = admit_disk(&t, tenant->name, guest, cfg, err)) < 0)
		return r;
	if (!host->euid && (r = tenant_ensure(&t, tenant->name, host, err)) < 0)
		return r;
	if (!cfg->linux_)
		return err_say(err, EINVAL, "linux: missing");
	cfg->linux_->cgroups_path = arena_printf(mem, "%s/%s", tenant_group(tenant->name, mem), id);
	*ret_name = arena_str(mem, tenant->name);
	return 0;
}

int tenant_ids(const char *root, const char *name, struct id_range *ret, struct err *err)
{
	auto_(tenants) struct tenants all = {.dir_fd = -1};

	*ret = (struct id_range){0};
	if (!name)
		return 0;
	int r = tenants_open(root, false, &all, err);
	const struct tenant *t = r < 0 ? NULL : tenants_find(&all, name);
	if (t && !tenant_may(t, "host-ids"))
		*ret = (struct id_range){t->id_first, t->id_count};
	return r;
}

/* The tenant of a container, as it is now; NULL: it has none. *all is the caller's to clear. */
static int tenant_of(const struct container *c, struct tenants *all, const struct tenant **ret,
		     struct err *err)
{
	auto_(arena) struct arena mem = {0};

	*ret = NULL;
	if (!c->state || !c->state->tenant)
		return 0;
	const char *slash = strrchr(c->dir, '/');
	int r = tenants_open(arena_copy(&mem, c->dir, (size_t)(slash - c->dir)), false, all, err);
	if (r < 0)
		return r;
	*ret = tenants_find(all, c->state->tenant);
	return *ret ? 0
		    : err_say(err, ENOENT, "there is no tenant %.60s any more", c->state->tenant);
}

int tenant_check_exec(const struct container *c, const struct config_process *p, struct err *err)
{
	auto_(tenants) struct tenants all = {.dir_fd = -1};
	const struct tenant *t;
	int r = tenant_of(c, &all, &t, err);

	return r < 0 || !t ? r : tenant_allows_process(t, p, err);
}

int tenant_check_priority(const struct container *c, uint32_t priority, struct err *err)
{
	auto_(tenants) struct tenants all = {.dir_fd = -1};
	const struct tenant *t;
	int r = tenant_of(c, &all, &t, err);

	return r < 0 || !t ? r : tenant_allows_priority(t, priority, err);
}

int tenant_check_update(const struct container *c, const struct config_resources *res,
			struct err *err)
{
	auto_(tenants) struct tenants all = {.dir_fd = -1};
	const struct tenant *t;
	int r = tenant_of(c, &all, &t, err);

	if (r < 0 || !t || (r = tenant_allows_resources(t, res, err)) < 0)
		return r;
	return admit(t, c->id, res, err);
}
