/* SPDX-License-Identifier: Apache-2.0 */
/* mounts[] of the config. Each becomes a detached mount that already has all its attributes, and
 * then appears in one step at a place that was resolved once: nothing is remounted by path. */
#include <fcntl.h>
#include <sys/stat.h>

#include "namespaces/cgroup_mount.h"
#include "namespaces/mount_ops.h"
#include "namespaces/mount_words.h"
#include "namespaces/ns.h"
#include "namespaces/rootfs.h"
#include "namespaces/secrets.h"
#include "runtime/base/path.h"
#include "runtime/base/sys.h"

/* What may be mounted inside /proc: files that a container is shown a view of its own of. */
static const char *const proc_allowed[] = {
	"cpuinfo",
	"diskstats",
	"meminfo",
	"stat",
	"swaps",
	"uptime",
	"loadavg",
	"slabinfo",
	"sys/kernel/ns_last_pid",
	"sys/crypto/fips_enabled",
};

struct one {
	const struct config_mount *m;
	size_t index;
	const char *type;
	const char *dest;   /* cleaned, absolute */
	const char *source; /* of a bind: absolute */
	const char *label;  /* SELinux's, of a new file system; or NULL */
	enum mount_depth bind;
	bool try_new; /* the bind is for where the kernel refuses a new file system */
	struct mount_words words;
	struct arena mem;
};

static void one_clear(struct one *o)
{
	mount_words_clear(&o->words);
	arena_clear(&o->mem);
}

bool mount_is_bind(const struct config_mount *m)
{
	bool bind = m->type && (str_eq(m->type, "bind") || str_eq(m->type, "rbind"));

	for (size_t i = 0; i < m->n_options; i++)
		bind |= str_eq(m->options[i], "bind") || str_eq(m->options[i], "rbind");
	return bind;
}

static const struct config_namespace *own_network(const struct config *cfg)
{
	for (size_t i = 0; i < cfg->linux_->n_namespaces; i++)
		if (ns_flag(cfg->linux_->namespaces[i].type) == CLONE_NEWNET)
			return &cfg->linux_->namespaces[i];
	return NULL;
}

/* sysfs shows the devices of the network namespace: one who owns only a user namespace may not
 * mount it over the host's network, but may bind the host's. Whose a joined one is, the kernel knows. */
static void choose_sysfs(const struct config *cfg, const struct rootfs_want *want, struct one *o,
			 const char **source)
{
	const struct config_namespace *network = own_network(cfg);

	if (!want->userns || (network && !network->path))
		return;
	o->bind = MOUNT_ALL;
	o->try_new = network != NULL;
	*source = "/sys";
	/* Below it hangs the host's cgroup tree: what is read-only must be so all the way. */
	o->words.attr_all.set |= o->words.attr.set;
}

static bool is_idmapped(const struct one *o)
{
	return o->words.idmap != MOUNT_NOT || o->m->n_uid_mappings || o->m->n_gid_mappings;
}

static int refuse(const struct one *o, struct err *err)
{
	const struct {
		bool is_there;
		const char *what;
	} parts[] = {
		{is_idmapped(o) && (o->bind == MOUNT_NOT || o->words.remount),
		 "id maps on anything but a bind mount"},
		{o->words.copy_symlink, "the option copy-symlink"},
		{o->bind != MOUNT_NOT && o->words.copy_up, "tmpcopyup on a bind mount"},
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (parts[i].is_there) {
			err_say(err, ENOTSUP,
				"mounts[%zu] %s: %s: not supported by this version of ctr",
				o->index, o->dest, parts[i].what);
			err_code(err, "unsupported-property");
			return -ENOTSUP;
		}
	if (o->bind != MOUNT_NOT && o->words.data.len)
		return err_say(
			err, EINVAL,
			"mounts[%zu] %s: bind mounts cannot have any filesystem-specific options "
			"applied: \"%s\"",
			o->index, o->dest, o->words.data.p);
	if (o->words.remount && (o->words.data.len || o->words.super.len))
		return err_say(err, EINVAL, "mounts[%zu] %s: a remount changes mount flags only",
			       o->index, o->dest);
	return 0;
}

static int read_one(const struct config *cfg, const struct rootfs_want *want, size_t i,
		    struct one *ret, struct err *err)
{
	struct one o = {.m = &cfg->mounts[i], .index = i};
	const struct config_mount *m = o.m;

	int r = mount_words_read(m->options, m->n_options, &o.words, err);
	if (r < 0) {
		err_wrap(err, "mounts[%zu] %s", i, m->destination);
		return r;
	}
	o.type = m->type ? m->type : "";
	o.label = want->label;
	o.dest = path_join(&o.mem, "/", m->destination);
	o.bind = o.words.bind;
	if (o.bind == MOUNT_NOT && mount_is_bind(m))
		o.bind = str_eq(o.type, "rbind") ? MOUNT_ALL : MOUNT_ONE;
	const char *source = m->source ? m->source : "";
	if (o.bind == MOUNT_NOT && str_eq(o.type, "sysfs"))
		choose_sysfs(cfg, want, &o, &source);
	if (o.bind != MOUNT_NOT) {
		if (!*source)
			r = err_say(err, EINVAL, "mounts[%zu] %s: a bind mount needs a source", i,
				    o.dest);
		o.source = path_from(&o.mem, want->bundle, source);
	}
	if (r == 0)
		r = refuse(&o, err);
	if (r < 0)
		one_clear(&o);
	else
		*ret = o;
	return r;
}

/* /proc itself only takes a procfs; below it only the listed files may be covered (CVE-2019-16884,
 * CVE-2019-19921). What a symlink leads there is refused by the executor. */
static int check_proc(const struct one *o, bool *ret_allowed, struct err *err)
{
	*ret_allowed = str_eq(o->dest, "/proc");
	if (*ret_allowed) {
		if (str_eq(o->type, "proc") || (o->source && str_eq(o->source, "/proc")) ||
		    o->words.remount)
			return 0;
		return err_say(err, EINVAL, "mounts[%zu] /proc: only a procfs may be mounted there",
			       o->index);
	}
	if (!path_below(o->dest, "/proc"))
		return 0;
	for (size_t i = 0; i < sizeof(proc_allowed) / sizeof(*proc_allowed); i++)
		*ret_allowed |= str_eq(o->dest + strlen("/proc/"), proc_allowed[i]);
	if (*ret_allowed || o->words.remount)
		return 0;
	return err_say(err, EINVAL, "mounts[%zu] %s: is inside /proc", o->index, o->dest);
}

static int read_idmount(const struct config *cfg, const struct one *o, struct arena *mem,
			struct idmount *ret, struct err *err)
{
	const struct config_linux *l = cfg->linux_;
	const struct idmap_pair own = {
		.uids = {l->uid_mappings, l->n_uid_mappings},
		.gids = {l->gid_mappings, l->n_gid_mappings},
	};
	struct idmount m = {
		.index = (ssize_t)o->index,
		.source = arena_str(mem, o->source),
		.nofollow = o->words.source_nofollow,
		.bind = o->bind,
		.depth = o->words.idmap == MOUNT_NOT ? MOUNT_ONE : o->words.idmap,
		.maps = {.uids = {o->m->uid_mappings, o->m->n_uid_mappings},
			 .gids = {o->m->gid_mappings, o->m->n_gid_mappings}},
	};

	if (!m.maps.uids.n && o->words.id_maps) {
		int r = idmap_parse(o->words.id_maps, own, mem, &m.maps, err);
		if (r < 0)
			return err_wrap(err, "mounts[%zu] %s", o->index, o->dest);
	}
	*ret = m;
	return 0;
}

/* As a rule there are none, and that is seen without reading all words. */
static bool may_be_idmapped(const struct config_mount *m)
{
	bool may = m->n_uid_mappings || m->n_gid_mappings;

	for (size_t i = 0; i < m->n_options; i++)
		may |= strstr(m->options[i], "idmap") != NULL;
	return may;
}

int mounts_plan_idmapped(const struct config *cfg, const struct host *host,
			 const struct rootfs_want *want, struct arena *mem, struct idmounts *ret,
			 struct err *err)
{
	struct idmounts all = *ret;
	int r = 0;

	for (size_t i = 0; i < cfg->n_mounts && r == 0; i++) {
		if (!may_be_idmapped(&cfg->mounts[i]))
			continue;
		auto_(one) struct one o = {.type = ""};
		r = read_one(cfg, want, i, &o, err);
		if (r < 0 || !is_idmapped(&o))
			continue;
		if (!all.list)
			all.list = arena_zalloc(mem, IDMOUNTS_MAX, sizeof(*all.list));
		if (host->euid != 0)
			r = err_say(err, EPERM,
				    "mounts[%zu] %s: only root can map the ids of a mount", i,
				    o.dest);
		else if (all.n == IDMOUNTS_MAX)
			r = err_say(err, E2BIG, "mounts[%zu] %s: more than %d id-mapped mounts", i,
				    o.dest, IDMOUNTS_MAX);
		else
			r = read_idmount(cfg, &o, mem, &all.list[all.n++], err);
	}
	*ret = all;
	return r;
}

int mounts_plan_sources(const struct config *cfg, const struct rootfs_want *want,
			const struct rootfs_slots *s, struct oplist *ops, struct err *err)
{
	for (size_t i = 0; i < cfg->n_mounts; i++) {
		auto_(one) struct one o = {.type = ""};
		int r = read_one(cfg, want, i, &o, err);
		if (r < 0)
			return r;
		if (o.bind == MOUNT_NOT || o.words.remount || is_idmapped(&o))
			continue;
		oplist_why(ops, "mounts[%zu] source %s", i, o.source);
		unsigned flags = (o.bind == MOUNT_ALL ? AT_RECURSIVE : 0) |
				 (o.words.source_nofollow ? AT_SYMLINK_NOFOLLOW : 0);
		open_tree_op(ops, o.source, flags, (int16_t)(s->sources + (int)i));
	}
	return 0;
}

static void attr_op(struct oplist *ops, int16_t mount, const struct mount_flags *f, bool all)
{
	struct op_attr attr = {
		.set = f->set,
		.clr = f->clr,
		.userns = SLOT_NONE,
		.recursive = all,
	};

	if (!f->set && !f->clr)
		return;
	uint32_t data = oplist_blob(ops, &attr, sizeof(attr));
	struct op *op = oplist_add(ops, OP_SETATTR);
	op->fd = mount;
	op->data = data;
	op->size = sizeof(attr);
}

static void plan_attributes(const struct one *o, int16_t mount, struct oplist *ops)
{
	/* fsmount has set those of a new file system already. */
	if (o->bind != MOUNT_NOT || o->words.remount)
		attr_op(ops, mount, &o->words.attr, false);
	attr_op(ops, mount, &o->words.attr_all, true);
	for (unsigned i = 0; i < o->words.n_propagation; i++) {
		struct op_attr attr = {
			.propagation = o->words.propagation[i].type,
			.userns = SLOT_NONE,
			.recursive = o->words.propagation[i].depth == MOUNT_ALL,
		};
		uint32_t data = oplist_blob(ops, &attr, sizeof(attr));
		struct op *op = oplist_add(ops, OP_SETATTR);
		op->fd = mount;
		op->data = data;
		op->size = sizeof(attr);
	}
}

/* The kernel's own file systems have labels of their own, and one that was given its label already
 * keeps that. */
static bool takes_label(const struct one *o)
{
	static const char *const own[] = {"proc", "sysfs", "mqueue", "cgroup", "cgroup2"};
	const char *data = o->words.data.p;

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (str_eq(o->type, own[i]))
			return false;
	for (size_t at = 0; at < o->words.data.len;) { /* key, value, key, value … */
		if (str_eq(data + at, "context"))
			return false;
		at += strlen(data + at) + 1;
		at += strlen(data + at) + 1;
	}
	return true;
}

static void plan_new(const struct one *o, int16_t mount, struct oplist *ops)
{
	auto_(str) struct str data = {0};

	if (o->m->source && *o->m->source) {
		str_add_mem(&data, "source", sizeof("source"));
		str_add_mem(&data, o->m->source, strlen(o->m->source) + 1);
	}
	str_add_mem(&data, o->words.super.p, o->words.super.len);
	str_add_mem(&data, o->words.data.p, o->words.data.len);
	if (o->label && takes_label(o)) {
		str_add_mem(&data, "context", sizeof("context"));
		str_add_mem(&data, o->label, strlen(o->label) + 1);
	}
	struct op *op = fsmount_op(ops, o->type, &data, o->words.attr.set, mount);
	op->flags = o->try_new ? OPF_DENIED_OK : 0;
}

static void plan_target(const struct one *o, const struct rootfs_slots *s, int16_t mount,
			int16_t target, bool in_proc, struct oplist *ops)
{
	bool dir = o->bind == MOUNT_NOT;
	bool strict = str_eq(o->type, "proc") || str_eq(o->type, "sysfs");
	uint32_t str = oplist_str(ops, o->dest);
	struct op *op = oplist_add(ops, OP_TARGET);

	op->fd = s->root;
	op->fd2 = dir || o->words.remount ? SLOT_NONE : mount;
	op->str = str;
	op->a = o->words.remount ? 0 : dir ? S_IFDIR | 0755 : 0755;
	op->ret = target;
	op->flags =
		(in_proc ? 0 : OPF_NOPROC) | (strict || o->words.dest_nofollow ? OPF_REALDIR : 0);
}

static int plan_one(const struct one *o, const struct rootfs_slots *s, int16_t mount,
		    int16_t target, struct oplist *ops, struct err *err)
{
	bool in_proc;
	int r = check_proc(o, &in_proc, err);

	if (r < 0)
		return r;
	oplist_why(ops, "mounts[%zu] %s", o->index, o->dest);
	if (o->words.remount) {
		plan_target(o, s, mount, target, in_proc, ops);
		plan_attributes(o, target, ops);
		return 0;
	}
	if (o->bind == MOUNT_NOT || o->try_new)
		plan_new(o, mount, ops);
	plan_attributes(o, mount, ops);
	if (o->words.copy_up || (o->words.seed && o->bind != MOUNT_NOT)) {
		uint32_t str = oplist_str(ops, o->dest);
		struct op *op = oplist_add(ops, OP_COPY_UP);
		op->fd = s->root;
		op->fd2 = mount;
		op->str = str;
		op->b = o->words.seed;
	}
	plan_target(o, s, mount, target, in_proc, ops);
	move_op(ops, mount, target);
	return 0;
}

static bool is_cgroup(const struct one *o)
{
	return o->bind == MOUNT_NOT && !o->words.remount &&
	       (str_eq(o->type, "cgroup") || str_eq(o->type, "cgroup2"));
}

/* Only the host's root may keep pages from the swap. */
static struct secrets_mount secrets_mount(const struct one *o, const struct host *host,
					  const struct rootfs_want *want)
{
	enum { KERNEL_NOSWAP = 6 << 16 | 4 << 8 };

	return (struct secrets_mount){
		.dest = o->dest,
		.attr = o->words.attr.set,
		.keeps_memory = host->kernel >= KERNEL_NOSWAP && !want->userns,
	};
}

int mounts_plan(const struct config *cfg, const struct host *host, const struct rootfs_want *want,
		const struct rootfs_slots *s, struct oplist *ops, struct err *err)
{
	int16_t mount = oplist_slots(ops, 2), target = (int16_t)(mount + 1), idmapped = s->idmapped;

	for (size_t i = 0; i < cfg->n_mounts; i++) {
		auto_(one) struct one o = {.type = ""};
		int r = read_one(cfg, want, i, &o, err);
		if (r < 0)
			return r;
		if (o.words.secrets && want->secrets) {
			struct secrets_mount m = secrets_mount(&o, host, want);
			m.root = s->root;
			m.mount = mount;
			m.target = target;
			oplist_why(ops, "mounts[%zu] %s", i, o.dest);
			r = secrets_plan(&m, want, cfg->linux_, ops, err);
		} else if (is_cgroup(&o)) {
			const struct cgroup_mount cg = {
				.dest = o.dest,
				.attr = o.words.attr.set,
				.is_private = ns_has(cfg, CLONE_NEWCGROUP),
				.root = s->root,
				.mount = mount,
				.target = target,
			};
			oplist_why(ops, "mounts[%zu] %s", i, o.dest);
			r = cgroup_mount_plan(&cg, host, want, ops, err);
		} else {
			int16_t from = o.bind == MOUNT_NOT ? mount
				       : is_idmapped(&o)   ? idmapped++
							   : (int16_t)(s->sources + (int)i);
			r = plan_one(&o, s, from, target, ops, err);
		}
		if (r < 0)
			return r;
	}
	return 0;
}
