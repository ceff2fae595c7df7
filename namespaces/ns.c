/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/prctl.h>

#include "namespaces/ns.h"
#include "runtime/base/sys.h"

static const struct {
	enum config_namespace_type type;
	uint64_t flag;
	const char *word;
} kinds[NS_KINDS] = {
	{CONFIG_NAMESPACE_TYPE_USER, CLONE_NEWUSER, "user"},
	{CONFIG_NAMESPACE_TYPE_MOUNT, CLONE_NEWNS, "mount"},
	{CONFIG_NAMESPACE_TYPE_PID, CLONE_NEWPID, "pid"},
	{CONFIG_NAMESPACE_TYPE_NETWORK, CLONE_NEWNET, "network"},
	{CONFIG_NAMESPACE_TYPE_IPC, CLONE_NEWIPC, "ipc"},
	{CONFIG_NAMESPACE_TYPE_UTS, CLONE_NEWUTS, "uts"},
	{CONFIG_NAMESPACE_TYPE_CGROUP, CLONE_NEWCGROUP, "cgroup"},
	{CONFIG_NAMESPACE_TYPE_TIME, CLONE_NEWTIME, "time"},
};

uint64_t ns_flag(enum config_namespace_type type)
{
	for (unsigned i = 0; i < NS_KINDS; i++)
		if (kinds[i].type == type)
			return kinds[i].flag;
	return 0;
}

const char *ns_word(uint64_t flag)
{
	for (unsigned i = 0; i < NS_KINDS; i++)
		if (kinds[i].flag == flag)
			return kinds[i].word;
	return "unknown";
}

static const struct config_namespace *find(const struct config *cfg, uint64_t flag)
{
	for (size_t i = 0; cfg->linux_ && i < cfg->linux_->n_namespaces; i++)
		if (ns_flag(cfg->linux_->namespaces[i].type) == flag)
			return &cfg->linux_->namespaces[i];
	return NULL;
}

bool ns_has(const struct config *cfg, uint64_t flag)
{
	return find(cfg, flag) != NULL;
}

static uint64_t new_flags(const struct config *cfg)
{
	uint64_t flags = 0;

	for (size_t i = 0; cfg->linux_ && i < cfg->linux_->n_namespaces; i++)
		if (!cfg->linux_->namespaces[i].path)
			flags |= ns_flag(cfg->linux_->namespaces[i].type);
	return flags;
}

static void add_join(struct ns_plan *p, const struct config_namespace *ns, struct oplist *ops)
{
	struct ns_join *j = &p->joins[p->n_joins++];

	*j = (struct ns_join){
		.path = ns->path, .flag = ns_flag(ns->type), .slot = oplist_inherit(ops)};
	p->all |= j->flag;
	p->maps_ids |= j->flag == CLONE_NEWUSER;
}

int ns_decide(const struct config *cfg, const struct host *host, struct ns_plan *ret,
	      struct oplist *ops, struct err *err)
{
	struct ns_plan p = {0};
	uint64_t fresh = new_flags(cfg);

	if (!ns_has(cfg, CLONE_NEWNS)) {
		err_say(err, EINVAL, "linux.namespaces: a container needs a mount namespace");
		err_hint(
			err,
			"add {\"type\": \"mount\"}: without it the host's mounts would be changed");
		return -EINVAL;
	}
	if ((fresh & CLONE_NEWTIME) && !host->has_time_ns)
		return err_say(err, ENOTSUP,
			       "linux.namespaces: this kernel has no time namespaces");
	/* The user namespace is joined last by root, who needs its privilege over the others until
	 * then, and first by anyone else, who has none before. */
	const struct config_namespace *user = find(cfg, CLONE_NEWUSER);
	bool user_first = host->euid != 0 || host->in_userns;
	if (user && user->path && user_first)
		add_join(&p, user, ops);
	for (unsigned i = 0; i < NS_KINDS; i++) {
		const struct config_namespace *ns = find(cfg, kinds[i].flag);
		if (ns && ns->path && ns != user)
			add_join(&p, ns, ops);
	}
	if (user && user->path && !user_first)
		add_join(&p, user, ops);

	p.all |= fresh;
	p.new_user = (fresh & CLONE_NEWUSER) != 0;
	p.maps_ids |= p.new_user;
	p.new_pid = (fresh & CLONE_NEWPID) != 0;
	/* clone3 makes them all at once, unless they must belong to a user namespace that the
	 * executor can only enter after the joins. */
	if (!(p.n_joins && p.maps_ids))
		p.clone_flags = fresh & ~(uint64_t)(CLONE_NEWCGROUP | CLONE_NEWTIME);
	/* Only a child enters a new time namespace, and pid 1 cannot have a sibling (clone(2):
	 * CLONE_PARENT): so that child is to be pid 1. */
	if (fresh & CLONE_NEWTIME)
		p.clone_flags &= ~(uint64_t)CLONE_NEWPID;
	*ret = p;
	return 0;
}

static void unshare_op(struct oplist *ops, uint64_t flags)
{
	if (flags)
		oplist_add(ops, OP_UNSHARE)->a = flags;
}

/* Opened before anything changes: by now it is certain whose /proc that is, and later, in a user
 * namespace but not yet in its pid namespace, no procfs can be mounted. */
static int16_t open_time_offsets(struct oplist *ops)
{
	int16_t slot = oplist_slots(ops, 1);

	oplist_why(ops, "linux.timeOffsets");
	uint32_t path = oplist_str(ops, "/proc/self/timens_offsets");
	struct op *op = oplist_add(ops, OP_OPEN);
	op->fd = SLOT_CWD;
	op->str = path;
	op->a = O_WRONLY;
	op->ret = slot;
	return slot;
}

static void write_time_offsets(const struct config_linux *l, int16_t file, struct oplist *ops)
{
	auto_(str) struct str text = {0};

	for (size_t i = 0; i < l->n_time_offsets; i++)
		str_addf(&text, "%s %lld %u\n", l->time_offsets[i].key,
			 (long long)l->time_offsets[i].secs, l->time_offsets[i].nanosecs);
	oplist_why(ops, "linux.timeOffsets");
	uint32_t data = oplist_blob(ops, text.p, text.len);
	struct op *op = oplist_add(ops, OP_WRITE);
	op->fd = file;
	op->data = data;
	op->size = (uint32_t)text.len;
	oplist_add(ops, OP_CLOSE)->fd = file;
}

void ns_plan_enter(const struct config *cfg, const struct ns_plan *ns, struct oplist *ops)
{
	uint64_t rest = new_flags(cfg) & ~ns->clone_flags & ~(uint64_t)CLONE_NEWCGROUP;
	bool fork = (rest & (CLONE_NEWPID | CLONE_NEWTIME)) != 0;
	int16_t offsets = SLOT_NONE;

	/* Until the id maps are written an unprivileged parent must be able to open this process's
	 * files in /proc; there is nobody else in a user namespace this new. */
	if (!ns->new_user) {
		oplist_why(ops, "keep the executor out of reach");
		oplist_add(ops, OP_PRCTL)->a = PR_SET_DUMPABLE;
	}
	if ((rest & CLONE_NEWTIME) && cfg->linux_->n_time_offsets)
		offsets = open_time_offsets(ops);
	for (unsigned i = 0; i < ns->n_joins; i++) {
		oplist_why(ops, "linux.namespaces: join %s %s", ns_word(ns->joins[i].flag),
			   ns->joins[i].path);
		struct op *op = oplist_add(ops, OP_SETNS);
		op->fd = ns->joins[i].slot;
		op->a = ns->joins[i].flag;
		fork |= op->a == CLONE_NEWPID;
	}
	oplist_why(ops, "linux.namespaces");
	/* The new user namespace comes first, so that it owns the others. */
	if (rest & CLONE_NEWUSER)
		unshare_op(ops, CLONE_NEWUSER);
	if (ns->new_user) {
		oplist_why(ops, "linux.uidMappings, linux.gidMappings");
		oplist_add(ops, OP_SYNC)->a = SYNC_IDS;
		oplist_why(ops, "linux.namespaces");
	}
	unshare_op(ops, rest & ~(uint64_t)CLONE_NEWUSER);
	if (offsets != SLOT_NONE)
		write_time_offsets(cfg->linux_, offsets, ops);
	if (fork)
		oplist_add(ops, OP_FORK);
}

void ns_plan_cgroup(const struct ns_plan *ns, struct oplist *ops)
{
	for (unsigned i = 0; i < ns->n_joins; i++)
		if (ns->joins[i].flag == CLONE_NEWCGROUP)
			return;
	oplist_why(ops, "linux.namespaces: cgroup");
	unshare_op(ops, ns->all & CLONE_NEWCGROUP);
}

static bool maps_zero(const struct config_id_mapping *maps, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (maps[i].container_id == 0 && maps[i].size)
			return true;
	return n == 0; /* a joined namespace: its maps are not ours to see */
}

void ns_plan_ids(const struct config *cfg, const struct ns_plan *ns, struct oplist *ops)
{
	const struct config_linux *l = cfg->linux_;

	if (!ns->maps_ids)
		return;
	const struct config_user *user = cfg->process ? cfg->process->user : NULL;
	oplist_why(ops, "the container's root identity");
	struct op *op = oplist_add(ops, OP_SETIDS);
	op->a = maps_zero(l->uid_mappings, l->n_uid_mappings) ? 0 : user ? user->uid : 0;
	op->b = maps_zero(l->gid_mappings, l->n_gid_mappings) ? 0 : user ? user->gid : 0;
	op->flags = OPF_KEEPCAPS;
	if (ns->new_user)
		oplist_add(ops, OP_PRCTL)->a = PR_SET_DUMPABLE;
}

static void plan_name(struct oplist *ops, enum op_kind kind, const char *why, const char *name)
{
	if (!name || !*name)
		return;
	oplist_why(ops, "%s", why);
	uint32_t s = oplist_str(ops, name);
	oplist_add(ops, kind)->str = s;
}

void ns_plan_names(const struct config *cfg, const struct ns_plan *ns, struct oplist *ops)
{
	plan_name(ops, OP_HOSTNAME, "hostname", cfg->hostname);
	plan_name(ops, OP_DOMAINNAME, "domainname", cfg->domainname);
	for (unsigned i = 0; i < ns->n_joins; i++)
		if (ns->joins[i].flag == CLONE_NEWNET)
			return;
	if (ns->all & CLONE_NEWNET) {
		oplist_why(ops, "linux.namespaces: network");
		oplist_add(ops, OP_LOOPBACK);
	}
}

bool ns_denies_setgroups(const struct config *cfg, const struct host *host)
{
	const struct config_linux *l = cfg->linux_;

	return host->euid != 0 && ns_has(cfg, CLONE_NEWUSER) && l->n_gid_mappings == 1 &&
	       l->gid_mappings[0].size == 1;
}
