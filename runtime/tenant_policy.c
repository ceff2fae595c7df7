/* SPDX-License-Identifier: Apache-2.0 */
/* What a tenant's container may ask for: a table of questions to its config. Pure. */
#include <errno.h>
#include <string.h>

#include "net/priority.h"
#include "runtime/base/path.h"
#include "runtime/base/str.h"
#include "runtime/tenant.h"

/* What every container is given without asking; no one of these reaches beyond it. */
static const char *const harmless_caps[] = {
	"CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FOWNER",  "CAP_FSETID",     "CAP_KILL",
	"CAP_SETGID",  "CAP_SETUID",       "CAP_SETPCAP", "CAP_SETFCAP",    "CAP_NET_BIND_SERVICE",
	"CAP_NET_RAW", "CAP_SYS_CHROOT",   "CAP_MKNOD",   "CAP_AUDIT_WRITE"};
#define N_OF(a) (sizeof(a) / sizeof(*(a)))

bool tenant_may(const struct tenant *t, const char *word)
{
	for (size_t i = 0; i < t->n_allow; i++)
		if (str_eq(t->allow[i], word) || str_eq(t->allow[i], "all"))
			return true;
	return false;
}

/* --- the questions: what of it is asked for, or NULL -------------------------------------------- */

/* Who asks, for rules that depend on more than a word. */
struct who {
	const struct tenant *tenant;
	const char *root, *id; /* the container's */
};
typedef const char *question(const struct who *q, const struct config *cfg);

static const char *shares_namespace(const struct config *cfg, enum config_namespace_type type,
				    const char *what)
{
	const struct config_linux *l = cfg->linux_;

	for (size_t i = 0; l && i < l->n_namespaces; i++)
		if (l->namespaces[i].type == type && !l->namespaces[i].path)
			return NULL;
	return what;
}

static const char *asks_network(const struct who *q, const struct config *cfg)
{
	(void)q;
	return shares_namespace(cfg, CONFIG_NAMESPACE_TYPE_NETWORK,
				"the host's network (--network host)");
}

bool tenant_has_own_network(const struct config *cfg)
{
	return !asks_network(NULL, cfg);
}

static const char *asks_namespaces(const struct who *q, const struct config *cfg)
{
	static const struct {
		enum config_namespace_type type;
		const char *what;
	} rows[] = {
		{CONFIG_NAMESPACE_TYPE_PID, "the host's processes (--pid host)"},
		{CONFIG_NAMESPACE_TYPE_IPC, "the host's shared memory (--ipc host)"},
		{CONFIG_NAMESPACE_TYPE_UTS, "the host's name (--uts host)"},
		{CONFIG_NAMESPACE_TYPE_MOUNT, "the host's mounts"},
		{CONFIG_NAMESPACE_TYPE_CGROUP, "the host's control groups (--cgroupns host)"},
	};
	const char *what = NULL;

	(void)q;
	for (size_t i = 0; !what && i < N_OF(rows); i++)
		what = shares_namespace(cfg, rows[i].type, rows[i].what);
	return what;
}

static bool is_harmless(const char *cap)
{
	for (size_t i = 0; i < N_OF(harmless_caps); i++)
		if (str_eq(harmless_caps[i], cap))
			return true;
	return false;
}

static const char *first_cap(const struct config_process *p)
{
	const struct config_capabilities *c = p ? p->capabilities : NULL;
	const struct {
		const char **v;
		size_t n;
	} sets[] = {
		{c ? c->bounding : NULL, c ? c->n_bounding : 0},
		{c ? c->effective : NULL, c ? c->n_effective : 0},
		{c ? c->permitted : NULL, c ? c->n_permitted : 0},
		{c ? c->inheritable : NULL, c ? c->n_inheritable : 0},
		{c ? c->ambient : NULL, c ? c->n_ambient : 0},
	};

	for (size_t i = 0; i < N_OF(sets); i++)
		for (size_t k = 0; k < sets[i].n; k++)
			if (!is_harmless(sets[i].v[k]))
				return sets[i].v[k];
	return NULL;
}

static const char *asks_caps(const struct who *q, const struct config *cfg)
{
	(void)q;
	return first_cap(cfg->process);
}

static const char *process_new_privileges(const struct config_process *p)
{
	return p && !p->no_new_privileges ? "set-user-id programs (no-new-privileges=false)" : NULL;
}

static const char *asks_new_privileges(const struct who *q, const struct config *cfg)
{
	(void)q;
	return process_new_privileges(cfg->process);
}

static const char *resources_devices(const struct config_resources *res)
{
	for (size_t i = 0; res && i < res->n_devices; i++)
		if (res->devices[i].allow)
			return "--device, --privileged";
	return NULL;
}

static const char *asks_devices(const struct who *q, const struct config *cfg)
{
	const struct config_linux *l = cfg->linux_;

	(void)q;
	if (l && l->n_devices)
		return l->devices[0].path ? l->devices[0].path : "--device";
	return resources_devices(l ? l->resources : NULL);
}

/* "mounts=/srv/acme" allows what is below; a symbolic link in there is the tenant's own affair only as
 * far as the operator gave the directory away. */
static bool may_mount(const struct tenant *t, const char *source)
{
	auto_(arena) struct arena mem = {0};
	const char *path = path_clean(&mem, source);

	for (size_t i = 0; i < t->n_allow; i++)
		if (str_starts(t->allow[i], "mounts=") && path_below(path, t->allow[i] + 7))
			return true;
	return false;
}

static bool is_bind(const struct config_mount *m)
{
	for (size_t i = 0; i < m->n_options; i++)
		if (str_eq(m->options[i], "bind") || str_eq(m->options[i], "rbind"))
			return true;
	return m->type && str_eq(m->type, "bind");
}

static bool is_in(const char *path, const char *root, const char *name)
{
	auto_(arena) struct arena mem = {0};

	return path_below(path, arena_printf(&mem, "%s/%s", root, name));
}

bool tenant_is_own_mount(const struct config_mount *m, const char *root, const char *id)
{
	static const char *const own[] = {"/etc/resolv.conf", "/etc/hosts", "/etc/hostname"};

	for (size_t i = 0; m->source && m->destination && i < N_OF(own); i++)
		if (str_eq(m->destination, own[i]))
			return str_eq(m->source, own[i]) || is_in(m->source, root, id) ||
			       is_in(m->source, root, ".net");
	/* --own-size, of a container that is started again */
	return m->source && m->destination && is_in(m->source, root, id) &&
	       (path_below(m->destination, "/proc") || path_below(m->destination, "/sys"));
}

static const char *asks_mounts(const struct who *q, const struct config *cfg)
{
	for (size_t i = 0; i < cfg->n_mounts; i++) {
		const struct config_mount *m = &cfg->mounts[i];
		if (!is_bind(m) || tenant_is_own_mount(m, q->root, q->id) || !m->source ||
		    may_mount(q->tenant, m->source))
			continue;
		return m->source;
	}
	return NULL;
}

static const char *process_unconfined(const struct config_process *p)
{
	return p && p->apparmor_profile && str_eq(p->apparmor_profile, "unconfined")
		       ? "no AppArmor profile (apparmor=unconfined)"
		       : NULL;
}

static const char *asks_unconfined(const struct who *q, const struct config *cfg)
{
	const struct config_linux *l = cfg->linux_;

	(void)q;
	if (!l || !l->seccomp)
		return "no seccomp filter (seccomp=unconfined)";
	if (!l->n_masked_paths || !l->n_readonly_paths)
		return "the kernel's own files unmasked (--privileged)";
	return process_unconfined(cfg->process);
}

static const char *asks_sysctl(const struct who *q, const struct config *cfg)
{
	(void)q;
	return cfg->linux_ && cfg->linux_->n_sysctl ? cfg->linux_->sysctl[0].key : NULL;
}

static const char *process_realtime(const struct config_process *p)
{
	const struct config_scheduler *s = p ? p->scheduler : NULL;

	if (s &&
	    (s->policy == CONFIG_SCHEDULER_POLICY_FIFO || s->policy == CONFIG_SCHEDULER_POLICY_RR ||
	     s->policy == CONFIG_SCHEDULER_POLICY_DEADLINE || s->nice < 0))
		return "a scheduling class before others (process.scheduler)";
	if (p && p->io_priority && p->io_priority->class == CONFIG_IO_PRIORITY_CLASS_RT)
		return "real-time I/O (process.ioPriority)";
	return p && p->has_oom_score_adj && p->oom_score_adj < 0
		       ? "to be spared by the OOM killer (process.oomScoreAdj)"
		       : NULL;
}

static const char *resources_realtime(const struct config_resources *res)
{
	return res && res->cpu && (res->cpu->realtime_runtime || res->cpu->realtime_period)
		       ? "real-time CPU (linux.resources.cpu.realtimeRuntime)"
		       : NULL;
}

static const char *asks_realtime(const struct who *q, const struct config *cfg)
{
	const char *what = resources_realtime(cfg->linux_ ? cfg->linux_->resources : NULL);

	(void)q;
	return what ? what : process_realtime(cfg->process);
}

/* Whose pages are merged can be found out by how long a write takes, across tenants too. */
static const char *asks_page_sharing(const struct who *q, const struct config *cfg)
{
	(void)q;
	return shares_wants(cfg->annotations, cfg->n_annotations, SHARES_PAGES)
		       ? "merged pages (--page-sharing)"
		       : NULL;
}

/* What a config may bring along to be done outside, as root. */
static const char *asks_hooks(const struct who *q, const struct config *cfg)
{
	const struct config_hooks *h = cfg->hooks;

	(void)q;
	return h && (h->n_prestart || h->n_create_runtime || h->n_create_container ||
		     h->n_start_container || h->n_poststart || h->n_poststop)
		       ? "hooks, which run on the host"
		       : NULL;
}

static const struct rule {
	const char *word;
	question *ask;
} rules[] = {
	{"host-network", asks_network},
	{"host-namespaces", asks_namespaces},
	{"devices", asks_devices},
	{"caps", asks_caps},
	{"new-privileges", asks_new_privileges},
	{"unconfined", asks_unconfined},
	{"mounts", asks_mounts},
	{"sysctl", asks_sysctl},
	{"realtime", asks_realtime},
	{"hooks", asks_hooks},
	{"page-sharing", asks_page_sharing},
	{"net-prio", NULL}, /* no part of a config: tenant_allows_priority */
	{"host-ids", NULL}, /* nothing to ask for: it is how they are run (tenant_ids) */
};

static int refuse(const struct tenant *t, const char *word, const char *what, struct err *err)
{
	err_say(err, EPERM, "tenant %s may not ask for %s: %s", t->name, word, what);
	err_hint(err, "an administrator allows it with: ctr tenant set %.60s --allow %s", t->name,
		 word);
	err_code(err, "tenant-policy");
	return -EPERM;
}

int tenant_allows(const struct tenant *t, const struct config *cfg, const char *root,
		  const char *id, struct err *err)
{
	const struct who who = {t, root, id};

	for (size_t i = 0; i < N_OF(rules); i++) {
		if (!rules[i].ask || tenant_may(t, rules[i].word))
			continue;
		const char *what = rules[i].ask(&who, cfg);
		if (what)
			return refuse(t, rules[i].word, what, err);
	}
	return 0;
}

int tenant_allows_process(const struct tenant *t, const struct config_process *p, struct err *err)
{
	const struct {
		const char *word, *what;
	} rows[] = {
		{"caps", first_cap(p)},
		{"new-privileges", process_new_privileges(p)},
		{"unconfined", process_unconfined(p)},
		{"realtime", process_realtime(p)},
	};

	for (size_t i = 0; i < N_OF(rows); i++)
		if (rows[i].what && !tenant_may(t, rows[i].word))
			return refuse(t, rows[i].word, rows[i].what, err);
	return 0;
}

int tenant_allows_resources(const struct tenant *t, const struct config_resources *res,
			    struct err *err)
{
	const char *what = tenant_may(t, "devices") ? NULL : resources_devices(res);

	if (what)
		return refuse(t, "devices", what, err);
	what = tenant_may(t, "realtime") ? NULL : resources_realtime(res);
	return what ? refuse(t, "realtime", what, err) : 0;
}

int tenant_allows_priority(const struct tenant *t, uint32_t priority, struct err *err)
{
	auto_(arena) struct arena mem = {0};

	/* To go behind others is everybody's to choose. */
	if (!priority_raises(priority) || tenant_may(t, "net-prio"))
		return 0;
	return refuse(t, "net-prio",
		      arena_printf(&mem, "to send before others (--net-prio %u)", priority), err);
}

int tenant_check_allow(const char *word, struct err *err)
{
	auto_(str) struct str all = {0};

	if (str_eq(word, "all") || (str_starts(word, "mounts=/") && word[8]))
		return 0;
	for (size_t i = 0; i < N_OF(rules); i++) {
		if (str_eq(word, rules[i].word))
			return 0;
		str_addf(&all, " %s", rules[i].word);
	}
	err_say(err, EINVAL, "--allow: \"%.60s\" is not one of its words", word);
	err_hint(err, "all, mounts=/DIR, or one of:%.150s", all.p);
	return -EINVAL;
}
