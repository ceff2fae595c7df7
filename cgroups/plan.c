/* SPDX-License-Identifier: Apache-2.0 */
/* config → plan: which groups, where, and who may do what. Pure. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups/builder.h"
#include "cgroups/devices.h"
#include "cgroups/name.h"
#include "cgroups/path.h"
#include "runtime/base/auto.h"

/* v1 controllers in which every container has a group: they limit, measure or guard. The others
 * (net_cls, hugetlb, …) only when a limit needs them: each hierarchy costs some 50 µs a start. */
static const char *const always_v1[] = {"cpu",  "cpuacct", "cpuset", "memory",
					"pids", "devices", "blkio"};
/* v2 controllers that are passed down whether or not a limit needs them: without them there would
 * be no statistics, no OOM events and no `update`. */
static const char *const useful_v2[] = {"cpu", "cpuset", "io", "memory", "pids"};
#define N_OF(a) (sizeof(a) / sizeof(*(a)))

/* ---- devices ---------------------------------------------------------------------------------- */

static void plan_devices(struct cg_builder *b, const struct config_device_rule *rules, size_t n)
{
	struct cg_plan *plan = b->plan;
	struct cg_device *list;
	size_t n_list;

	if (b->r < 0)
		return;
	b->r = cg_devices(&plan->mem, rules, n, &list, &n_list, b->err);
	if (b->r < 0)
		return;
	if (cg_is_on_v1(b, "devices")) {
		plan->devices_by = CG_DEVICES_V1;
		b->r = cg_devices_v1(&plan->mem, list, n_list, &list, &n_list, b->err);
	} else if (cg_planned(plan, "") >= 0) {
		plan->devices_by = CG_DEVICES_BPF;
	} else if (n) {
		cg_unsupported(b, "linux.resources.devices", "this host has no control groups");
	} else {
		cg_warn(b, "devices are not restricted: this host has no control groups");
	}
	if (b->r == 0 && plan->devices_by != CG_DEVICES_LEFT) {
		plan->devices = list;
		plan->n_devices = n_list;
	}
}

/* ---- delegation ------------------------------------------------------------------------------- */

static bool has_own(const struct config_linux *lx, enum config_namespace_type type)
{
	for (size_t i = 0; i < lx->n_namespaces; i++)
		if (lx->namespaces[i].type == type)
			return !lx->namespaces[i].path;
	return false;
}

bool cg_is_writable(const struct config *cfg)
{
	bool is_writable = false;

	for (size_t i = 0; i < cfg->n_mounts; i++) {
		const struct config_mount *m = &cfg->mounts[i];
		if (!m->destination || !str_eq(m->destination, "/sys/fs/cgroup"))
			continue;
		is_writable = m->type && str_eq(m->type, "cgroup");
		for (size_t k = 0; k < m->n_options; k++)
			if (str_eq(m->options[k], "ro"))
				is_writable = false;
	}
	return is_writable;
}

static int64_t host_uid(const struct config_linux *lx, uint32_t uid)
{
	if (!lx->n_uid_mappings)
		return uid;
	for (size_t i = 0; i < lx->n_uid_mappings; i++) {
		const struct config_id_mapping *m = &lx->uid_mappings[i];
		if (uid >= m->container_id && uid - m->container_id < m->size)
			return (int64_t)m->host_id + (uid - m->container_id);
	}
	return -1;
}

/* On v2 a container that sees only its own group, and may write there, gets it for its own. On v1
 * it never does: release_agent would run what it likes as the host's root (CVE-2022-0492). */
static int64_t plan_owner(const struct config *cfg, const struct host *host)
{
	const struct config_linux *lx = cfg->linux_;

	if (host->layout != CGROUP_V2 || !has_own(lx, CONFIG_NAMESPACE_TYPE_CGROUP) ||
	    !cg_is_writable(cfg))
		return -1;
	return host_uid(lx, cfg->process && cfg->process->user ? cfg->process->user->uid : 0);
}

/* ---- groups ----------------------------------------------------------------------------------- */

static void plan_groups(struct cg_builder *b)
{
	int v2 = cg_group_for(b, "");

	for (size_t i = 0; i < N_OF(always_v1); i++)
		cg_group_for(b, always_v1[i]);
	if (v2 < 0)
		cg_group_for(b, "freezer"); /* v2 freezes better */
	/* Or logind takes the container for a part of a session. systemd itself knows a scope. */
	if (b->host->runs_systemd && b->plan->manager == CG_FS)
		cg_group_for(b, "name=systemd");
}

static void plan_useful(struct cg_plan *plan, const struct host *host)
{
	for (size_t i = 0; host->layout == CGROUP_V2 && i < N_OF(useful_v2); i++)
		if (cg_word_in(host->v2_controllers, ' ', useful_v2[i]) &&
		    !cg_word_in(plan->enable, ' ', useful_v2[i]))
			plan->try_enable = arena_printf(&plan->mem, "%s%s%s", plan->try_enable,
							*plan->try_enable ? " " : "", useful_v2[i]);
}

static void add_name(struct cg_plan *plan, const char *name)
{
	plan->names[plan->n_names++] = name;
}

/* The groups, and three more at most. */
static void plan_names(struct cg_builder *b, const char *mark)
{
	struct cg_plan *plan = b->plan;
	struct arena *mem = &plan->mem;
	const struct host_cgroup *systemds = cg_mounted(b->host, "name=systemd");

	plan->names = arena_zalloc(mem, plan->n_groups + 3, sizeof(char *));
	for (size_t i = 0; i < plan->n_groups; i++) {
		const struct cg_group *g = &plan->groups[i];
		add_name(plan,
			 arena_printf(mem, "%s:%s/%s", g->controllers, g->mountpoint, g->path));
	}
	if (plan->unit && systemds) /* made by systemd, entered by exec */
		add_name(plan,
			 arena_printf(mem, "name=systemd:%s/%s", systemds->mountpoint, b->path));
	if (plan->unit)
		add_name(plan, arena_printf(mem, "%sunit:%s", plan->is_user_unit ? "user-" : "",
					    plan->unit));
	if (mark)
		add_name(plan, arena_printf(mem, "mark=%s", mark));
}

/* The uid of the service manager that ctr runs below, from user-UID.slice in its own path: in a
 * user namespace euid would be the wrong one. */
static int64_t manager_uid(const struct host *host, const struct cg_want *want)
{
	const struct host_cgroup *v2 = cg_mounted(host, "");
	const char *at = v2 ? strstr(v2->own, "/user-") : NULL;

	if (!want->rootless)
		return -1;
	return at ? strtol(at + strlen("/user-"), NULL, 10) : (int64_t)host->euid;
}

static int plan_scope(struct cg_builder *b, const struct cg_want *want)
{
	struct cg_plan *plan = b->plan;
	struct cg_scope scope;
	int r = cg_path_systemd(&plan->mem, b->path, b->id, manager_uid(b->host, want), &scope,
				b->err);

	if (r < 0)
		return r;
	plan->unit = scope.unit;
	plan->slice = scope.slice;
	plan->is_user_unit = want->rootless;
	b->path = scope.path;
	return 0;
}

static bool has_limits(const struct config_resources *res, bool soft_pids)
{
	return res && (res->memory || res->cpu || (res->pids && !soft_pids) || res->block_io ||
		       res->network || res->n_hugepage_limits || res->n_rdma || res->n_unified);
}

static int build(struct cg_builder *b, const struct config *cfg, const struct cg_want *want)
{
	static const struct config_resources nothing;
	const struct config_resources *res = cfg->linux_->resources;
	struct cg_plan *plan = b->plan;

	if (want->manager == CG_SYSTEMD && plan_scope(b, want) < 0)
		return -b->err->num;
	plan_groups(b);
	plan->is_optional = want->rootless && !has_limits(res, want->soft_pids);
	res = res ? res : &nothing;
	cg_limits(b, res);
	/* Without privilege over devices there is nothing to guard: the kernel forbids mknod. */
	if (!want->rootless && !b->host->in_userns)
		plan_devices(b, res->devices, res->n_devices);
	if (want->manager == CG_SYSTEMD)
		cg_unit(b, res, cfg->annotations, cfg->n_annotations);
	plan_useful(plan, b->host);
	plan->owner = plan_owner(cfg, b->host);
	plan_names(b, want->record ? want->record : want->id);
	return b->r;
}

int cg_plan(const struct config *cfg, const struct host *host, const struct cg_want *want,
	    struct cg_plan *ret, struct err *err)
{
	struct config_linux no_linux = {0};
	auto_(cg_plan) struct cg_plan plan = {.manager = want->manager,
					      .layout = host->layout,
					      .enable = "",
					      .try_enable = "",
					      .owner = -1};
	struct config copy = *cfg;
	struct cg_builder b = {.plan = &plan,
			       .host = host,
			       .id = want->id,
			       .soft_pids = want->soft_pids,
			       .err = err};

	if (!copy.linux_)
		copy.linux_ = &no_linux;
	b.path = copy.linux_->cgroups_path;
	int r = 0;
	if (want->manager != CG_DISABLED)
		r = build(&b, &copy, want);
	if (r < 0)
		return r;
	*ret = plan;
	plan = (struct cg_plan){0};
	return 0;
}

int cg_plan_update(const struct config_resources *res, const char *const *names, size_t n_names,
		   struct cg_plan *ret, struct err *err)
{
	auto_(cg_plan) struct cg_plan plan = {.enable = "", .try_enable = "", .owner = -1};
	struct cg_builder b = {.plan = &plan, .err = err};
	const char *unit = cg_name_unit(names, n_names, &plan.is_user_unit);
	bool has_v1 = false;

	for (size_t i = 0; i < n_names; i++) {
		const char *dir = cg_name_dir(names[i]);
		if (!dir)
			continue;
		cg_add_group(&b, "", arena_str(&plan.mem, dir + 1),
			     arena_copy(&plan.mem, names[i], (size_t)(dir - names[i] - 1)));
		has_v1 = has_v1 || dir - names[i] > 1;
	}
	bool has_v2 = cg_planned(&plan, "") >= 0;
	plan.layout =
		has_v1 ? (has_v2 ? CGROUP_HYBRID : CGROUP_V1) : (has_v2 ? CGROUP_V2 : CGROUP_NONE);
	cg_limits(&b, res);
	if (res->n_devices)
		plan_devices(&b, res->devices, res->n_devices);
	if (unit) {
		plan.manager = CG_SYSTEMD;
		plan.unit = arena_str(&plan.mem, unit);
		cg_unit(&b, res, NULL, 0);
	}
	if (b.r < 0)
		return b.r;
	plan_names(&b, cg_name_mark(names, n_names));
	*ret = plan;
	plan = (struct cg_plan){0};
	return 0;
}

void cg_plan_clear(struct cg_plan *plan)
{
	arena_clear(&plan->mem);
	*plan = (struct cg_plan){0};
}
