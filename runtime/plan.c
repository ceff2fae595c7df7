/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/prctl.h>
#include <sys/stat.h>

#include "namespaces/lsm.h"
#include "namespaces/sysctl.h"
#include "runtime/base/json.h"
#include "runtime/base/sys.h"
#include "runtime/own_clock.h"
#include "runtime/plan.h"
#include "runtime/process.h"
#include "runtime/schedule.h"

static int16_t inherit(struct plan *p, int kind, unsigned index)
{
	p->fds[p->n_fds++] = (struct plan_fd){.kind = kind, .index = index};
	return oplist_inherit(&p->ops);
}

static unsigned v1_groups(const struct cg_plan *cg)
{
	unsigned n = 0;

	for (size_t i = 0; i < cg->n_groups; i++)
		n += *cg->groups[i].controllers != 0;
	return n;
}

/* A thread that moves itself alone into a v1 group takes no global lock; a write of its pid to
 * cgroup.procs would wait for an RCU grace period. */
static void plan_cgroup_entry(struct plan *p, int16_t first, unsigned n)
{
	uint32_t zero = n ? oplist_blob(&p->ops, "0", 1) : 0;

	for (unsigned i = 0; i < n; i++) {
		oplist_why(&p->ops, "linux.cgroupsPath");
		struct op *op = oplist_add(&p->ops, OP_WRITE);
		op->fd = (int16_t)(first + (int)i);
		op->data = zero;
		op->size = 1;
	}
}

static void sync_op(struct plan *p, enum sync_point point, const char *why)
{
	oplist_why(&p->ops, "%s", why);
	oplist_add(&p->ops, OP_SYNC)->a = point;
}

/* Sysctls go through a private procfs, never through one that the rootfs can place. */
static int plan_sysctls(const struct config *cfg, struct plan *p, struct err *err)
{
	const struct config_linux *l = cfg->linux_;
	struct oplist *ops = &p->ops;

	if (!l->n_sysctl)
		return 0;
	oplist_why(ops, "linux.sysctl");
	int16_t proc = oplist_slots(ops, 1);
	uint32_t type = oplist_str(ops, "proc");
	struct op *op = oplist_add(ops, OP_FSMOUNT);
	op->str = type;
	op->ret = proc;
	for (size_t i = 0; i < l->n_sysctl; i++) {
		char path[SYSCTL_PATH_MAX];
		int r = sysctl_path(l->sysctl[i].key, path, err);
		if (r < 0)
			return err_wrap(err, "linux.sysctl");
		oplist_why(ops, "linux.sysctl %s", l->sysctl[i].key);
		uint32_t str = oplist_str(ops, path);
		uint32_t data = oplist_blob(ops, l->sysctl[i].value, strlen(l->sysctl[i].value));
		op = oplist_add(ops, OP_WRITE);
		op->fd = proc;
		op->str = str;
		op->data = data;
		op->size = (uint32_t)strlen(l->sysctl[i].value);
	}
	oplist_add(ops, OP_CLOSE)->fd = proc;
	return 0;
}

/* From here on the executor holds nothing but the way to its parent, its start socket, and the
 * program's own descriptors: no mount, no file of the host. */
static void plan_closing(struct plan *p, int16_t start)
{
	int16_t first = start == SLOT_NONE ? SLOT_FIRST : (int16_t)(start + 1);

	if (p->ops.next_slot <= first)
		return;
	oplist_why(&p->ops, "nothing of the host stays open");
	struct op *op = oplist_add(&p->ops, OP_CLOSE);
	op->fd = first;
	op->a = 1;
}

/* In a user namespace, what needs the host's privilege. Not while the root is made: a limit of descriptors
 * is the program's, not ours. */
static void plan_outside_limits(const struct process_want *w, struct plan *p)
{
	p->outside_limits =
		w->in_userns && (w->process->n_rlimits || w->process->has_oom_score_adj);
	if (p->outside_limits)
		sync_op(p, SYNC_LIMITS, "process.rlimits, process.oomScoreAdj");
}

/* The process itself, and what there is to be said about it. */
static int finish(const struct process_want *want, const struct host *host, struct plan *p,
		  struct err *err)
{
	struct warnings warnings = {.arena = &p->mem};
	int r = process_plan_inside(want, host, &p->ops, &warnings, err);

	p->warnings = arena_zalloc(&p->mem, warnings.n, sizeof(*p->warnings));
	memcpy(p->warnings, warnings.texts, warnings.n * sizeof(*p->warnings));
	p->n_warnings = warnings.n;
	return r;
}

/* The inherited slots. */
struct given {
	int16_t cgroups; /* the first of the v1 groups' */
	int16_t start;
};

/* podman run --group-add keep-groups: the caller's own groups stay, whatever the config has. */
static bool plan_keeps_groups(const struct config *cfg)
{
	const char *word = config_annotation(cfg, "run.oci.keep_original_groups");

	return word && str_eq(word, "1");
}

struct hook_subject plan_hook_subject(const struct config *cfg, const char *id, const char *bundle)
{
	return (struct hook_subject){
		.id = id,
		.bundle = bundle,
		.oci_version = cfg->oci_version,
		.annotations = cfg->annotations,
		.n_annotations = cfg->n_annotations,
	};
}

bool plan_has_hooks(const struct config *cfg, enum plan_hooks which)
{
	const struct config_hooks *h = cfg->hooks;
	size_t runtime = h ? h->n_prestart + h->n_create_runtime : 0;

	return h && runtime + (which == HOOKS_OF_CREATE ? h->n_create_container : 0) > 0;
}

/* Those that come when everything is mounted and nothing is hidden yet. */
static void plan_create_hooks(const struct config *cfg, const struct plan_want *want,
			      struct plan *p)
{
	const struct config_hooks *h = cfg->hooks;
	const struct hook_subject subject = plan_hook_subject(cfg, want->id, want->bundle);

	if (plan_has_hooks(cfg, HOOKS_OF_RUNTIME) || cfg->linux_->n_net_devices || p->rdt.n_enter)
		sync_op(p, SYNC_RUNTIME,
			"linux.intelRdt, linux.netDevices, hooks.prestart, hooks.createRuntime");
	if (!h)
		return;
	const struct hook_list list = {"createContainer", h->create_container,
				       h->n_create_container};
	hooks_plan(&list, &subject, "creating", true, &p->ops);
}

/* Into the control groups and the namespaces. */
static void plan_entry(const struct config *cfg, const struct plan_want *want,
		       const struct given *given, struct plan *p)
{
	oplist_why(&p->ops, "file modes are as they are asked for");
	oplist_add(&p->ops, OP_UMASK)->a = 0;
	plan_cgroup_entry(p, given->cgroups, v1_groups(&p->cg));
	ns_plan_enter(cfg, &p->ns, &p->ops);
	if (want->manager == CG_SYSTEMD)
		sync_op(p, SYNC_CGROUP, "linux.cgroupsPath");
	ns_plan_cgroup(&p->ns, &p->ops);
}

/* What the parent mounts for it: of the root, then of mounts[]. */
static int plan_idmapped(const struct config *cfg, const struct host *host,
			 struct rootfs_want *want, struct plan *p, struct err *err)
{
	int r = rootfs_plan_idmapped(cfg, want, &p->mem, &p->idmounts, err);

	want->n_parts = p->idmounts.n;
	if (r == 0)
		r = mounts_plan_idmapped(cfg, host, want, &p->mem, &p->idmounts, err);
	want->n_idmounts = p->idmounts.n;
	return r;
}

/* The container's first process, from its clone to the exec. */
static int plan_inside(const struct config *cfg, const struct host *host,
		       const struct plan_want *want, const struct given *given, struct plan *p,
		       struct err *err)
{
	struct rootfs_want root_want = {
		.bundle = want->bundle,
		.overlay = want->overlay,
		.userns = p->ns.maps_ids || host->in_userns,
		.maps_root = want->engine && p->ns.new_user && host->euid == 0 && !host->in_userns,
		.cgroups = p->cg.names,
		.n_cgroups = p->cg.n_names,
		.secrets = want->secrets,
		.hooks_look = plan_has_hooks(cfg, HOOKS_OF_CREATE),
	};
	const struct hook_subject subject = plan_hook_subject(cfg, want->id, want->bundle);
	struct process_want process = {
		.process = cfg->process,
		.linux_ = cfg->linux_,
		.annotations = cfg->annotations,
		.n_annotations = cfg->n_annotations,
		.id = want->id,
		.in_userns = p->ns.maps_ids,
		.keeps_groups = ns_denies_setgroups(cfg, host) || plan_keeps_groups(cfg),
		/* One that denies setgroups has children that do, too. */
		.may_keep_groups = host->in_userns || (p->ns.maps_ids && !p->ns.new_user),
		.is_init = true,
		.start = given->start,
		.filter = want->filter,
		.no_new_keyring = want->no_new_keyring,
		.preserve_fds = want->preserve_fds,
		.hooks = cfg->hooks,
		.subject = &subject,
	};
	struct rootfs_slots slots;
	int r;

	r = lsm_mount_label(cfg->linux_, host, &root_want.label, err);
	if (r < 0 || (r = plan_idmapped(cfg, host, &root_want, p, err)) < 0)
		return r;
	plan_entry(cfg, want, given, p);
	r = rootfs_plan_sources(cfg, &root_want, &slots, &p->ops, err);
	if (r < 0)
		return r;
	ns_plan_ids(cfg, &p->ns, &p->ops);
	ns_plan_names(cfg, &p->ns, &p->ops);
	process.root = slots.root;
	if ((r = plan_sysctls(cfg, p, err)) < 0 ||
	    (r = rootfs_plan_mounts(cfg, host, &root_want, &slots, &p->ops, err)) < 0)
		return r;
	plan_create_hooks(cfg, want, p);
	if ((r = process_plan_before(&process, host, &p->ops, err)) < 0 ||
	    (r = rootfs_plan_enter(cfg, &slots, &p->ops, err)) < 0)
		return r;
	plan_closing(p, given->start);
	plan_outside_limits(&process, p);
	return finish(&process, host, p, err);
}

static int check_parts(const struct config *cfg, struct err *err)
{
	if (!cfg->linux_)
		return err_say(err, EINVAL,
			       "linux: missing: a container needs at least a mount namespace");
	if (!cfg->process)
		return err_say(err, EINVAL, "process: missing");
	return 0;
}

static int decide_cgroups(const struct config *cfg, const struct host *host,
			  const struct plan_want *want, struct plan *p, struct err *err)
{
	const struct cg_want cg = {
		.id = want->id,
		.record = want->record,
		.manager = want->manager,
		.rootless = host->euid != 0 || host->in_userns,
		.soft_pids = want->engine,
	};
	return cg_plan(cfg, host, &cg, &p->cg, err);
}

int plan_create(const struct config *cfg, const struct host *host, const struct plan_want *want,
		struct plan *ret, struct err *err)
{
	struct plan p = {0};
	struct given given = {.cgroups = SLOT_NONE, .start = SLOT_NONE};
	struct config with;

	int r = check_parts(cfg, err);
	if (r < 0)
		return r;
	if (own_clock(cfg, host, &p.mem, &with))
		cfg = &with;
	oplist_init(&p.ops);
	r = decide_cgroups(cfg, host, want, &p, err);
	if (r == 0)
		r = rdt_plan(cfg, host, want->id, &p.mem, &p.rdt, err);
	if (r == 0) {
		if (want->wait_for_start)
			given.start = inherit(&p, PLAN_FD_START, 0);
		for (unsigned i = 0; i < v1_groups(&p.cg); i++) {
			int16_t slot = inherit(&p, PLAN_FD_CGROUP, i);
			given.cgroups = i ? given.cgroups : slot;
		}
		r = ns_decide(cfg, host, &p.ns, &p.ops, err);
	}
	for (unsigned i = 0; r == 0 && i < p.ns.n_joins; i++)
		p.fds[p.n_fds++] = (struct plan_fd){.kind = PLAN_FD_NAMESPACE, .index = i};
	if (r == 0)
		r = plan_inside(cfg, host, want, &given, &p, err);
	if (r == 0 && oplist_full(&p.ops))
		r = err_say(err, E2BIG, "the config asks for more than one container can be given");
	if (r < 0)
		plan_clear(&p);
	else
		*ret = p;
	return r;
}

int plan_exec(const struct config *cfg, const struct config_process *process,
	      const struct host *host, const struct plan_exec_want *want, struct plan *ret,
	      struct err *err)
{
	struct plan p = {0};
	struct process_want inside = {
		.process = process,
		.linux_ = cfg->linux_,
		.annotations = cfg->annotations,
		.n_annotations = cfg->n_annotations,
		.id = want->id,
		.in_userns = (want->namespaces & CLONE_NEWUSER) != 0,
		.keeps_groups = want->drops_groups || plan_keeps_groups(cfg),
		.root = SLOT_CWD,
		.start = SLOT_NONE,
		.filter = want->filter,
		.no_new_keyring = want->no_new_keyring,
		.preserve_fds = want->preserve_fds,
	};

	oplist_init(&p.ops);
	int16_t cgroups = SLOT_NONE;
	for (unsigned i = 0; i < want->n_cgroups; i++) {
		int16_t slot = inherit(&p, PLAN_FD_CGROUP, i);
		cgroups = i ? cgroups : slot;
	}
	int16_t init = inherit(&p, PLAN_FD_PIDFD, 0);

	oplist_why(&p.ops, "keep the executor out of reach");
	oplist_add(&p.ops, OP_PRCTL)->a = PR_SET_DUMPABLE;
	oplist_why(&p.ops, "file modes are as they are asked for");
	oplist_add(&p.ops, OP_UMASK)->a = 0;
	plan_cgroup_entry(&p, cgroups, want->n_cgroups);
	if (want->has_rdt)
		sync_op(&p, SYNC_RUNTIME, "linux.intelRdt");
	int r = schedule_plan_cpus(process, &p.ops, err);
	plan_outside_limits(&inside, &p);
	if (want->namespaces) {
		oplist_why(&p.ops, "enter the container");
		struct op *op = oplist_add(&p.ops, OP_SETNS);
		op->fd = init;
		op->a = want->namespaces;
		if (want->namespaces & CLONE_NEWPID)
			oplist_add(&p.ops, OP_FORK);
	}
	plan_closing(&p, SLOT_NONE);
	if (r == 0)
		r = process_plan_before(&inside, host, &p.ops, err);
	if (r == 0)
		r = finish(&inside, host, &p, err);
	if (r < 0)
		plan_clear(&p);
	else
		*ret = p;
	return r;
}

void plan_clear(struct plan *p)
{
	oplist_clear(&p->ops);
	cg_plan_clear(&p->cg);
	arena_clear(&p->mem);
	*p = (struct plan){0};
}

static void print_flags(struct str *out, uint64_t flags)
{
	for (uint64_t f = 1; f && f <= flags; f <<= 1)
		if (flags & f)
			str_addf(out, " %s", ns_word(f));
}

void plan_print(struct str *out, const struct plan *p)
{
	str_add(out, "# outside\nnew namespaces:");
	print_flags(out, p->ns.clone_flags);
	str_add(out, "\n");
	for (unsigned i = 0; i < p->ns.n_joins; i++)
		str_addf(out, "join %s: %s\n", ns_word(p->ns.joins[i].flag), p->ns.joins[i].path);
	cg_print(out, &p->cg);
	rdt_print(out, &p->rdt);
	for (size_t i = 0; i < p->idmounts.n; i++)
		idmount_print(out, &p->idmounts.list[i]);
	str_add(out, "# inside\n");
	oplist_print(&p->ops, out);
	for (size_t i = 0; i < p->n_warnings; i++)
		str_addf(out, "# warning: %s\n", p->warnings[i]);
}

void plan_json(struct str *out, const struct plan *p)
{
	auto_(str) struct str text = {0};
	struct json_out o = {.s = out};

	json_open(&o, NULL, '{');
	json_open(&o, "newNamespaces", '[');
	for (uint64_t f = 1; f && f <= p->ns.clone_flags; f <<= 1)
		if (p->ns.clone_flags & f)
			json_text(&o, NULL, ns_word(f));
	json_close(&o, ']');
	json_open(&o, "joinedNamespaces", '[');
	for (unsigned i = 0; i < p->ns.n_joins; i++)
		json_text(&o, NULL, p->ns.joins[i].path);
	json_close(&o, ']');
	cg_print(&text, &p->cg);
	rdt_print(&text, &p->rdt);
	json_text(&o, "cgroups", text.p ? text.p : "");
	json_open(&o, "idMappedMounts", '[');
	for (size_t i = 0; i < p->idmounts.n; i++)
		json_text(&o, NULL, p->idmounts.list[i].source);
	json_close(&o, ']');
	oplist_json(&p->ops, &o, "operations");
	json_close(&o, '}');
}
