/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "namespaces/mount_ops.h"
#include "namespaces/rootfs.h"
#include "runtime/base/path.h"
#include "runtime/base/sys.h"

static const struct {
	const char *word;
	uint64_t type;
	bool recursive;
} propagations[] = {
	{"private", MS_PRIVATE, false},       {"rprivate", MS_PRIVATE, true},
	{"slave", MS_SLAVE, false},           {"rslave", MS_SLAVE, true},
	{"shared", MS_SHARED, false},         {"rshared", MS_SHARED, true},
	{"unbindable", MS_UNBINDABLE, false}, {"runbindable", MS_UNBINDABLE, true},
};

static void attr_op(struct oplist *ops, int16_t fd, const char *path, const struct op_attr *attr)
{
	uint32_t str = path ? oplist_str(ops, path) : 0;
	uint32_t data = oplist_blob(ops, attr, sizeof(*attr));
	struct op *op = oplist_add(ops, OP_SETATTR);

	op->fd = fd;
	op->str = str;
	op->data = data;
	op->size = sizeof(*attr);
}

static void propagate(struct oplist *ops, int16_t fd, const char *path, uint64_t type,
		      bool recursive)
{
	struct op_attr attr = {
		.propagation = type,
		.userns = SLOT_NONE,
		.recursive = recursive,
	};
	attr_op(ops, fd, path, &attr);
}

static bool is_shared(const struct config *cfg)
{
	const char *word = cfg->linux_->rootfs_propagation;

	return word && str_ends(word, "shared");
}

/* Cuts the copy of the host's mounts off from the host. With a shared rootfsPropagation only the
 * mount that the new root hangs on is cut off: the others are to pass mounts on. */
static void plan_detachment(const struct config *cfg, struct oplist *ops)
{
	const char *word = cfg->linux_->rootfs_propagation;

	oplist_why(ops, "linux.rootfsPropagation");
	if (is_shared(cfg))
		propagate(ops, SLOT_CWD, "/", MS_PRIVATE, false);
	else if (word && str_ends(word, "private"))
		propagate(ops, SLOT_CWD, "/", MS_PRIVATE, true);
	else
		propagate(ops, SLOT_CWD, "/", MS_SLAVE, true);
}

static struct op *open_op(struct oplist *ops, const char *path, uint64_t flags, int16_t ret)
{
	uint32_t str = oplist_str(ops, path);
	struct op *op = oplist_add(ops, OP_OPEN);

	op->fd = SLOT_CWD;
	op->str = str;
	op->a = flags;
	op->ret = ret;
	return op;
}

static void option(struct str *data, const char *key, const char *value)
{
	str_add_mem(data, key, strlen(key) + 1);
	str_add_mem(data, value, strlen(value) + 1);
}

/* A directory in the tmpfs, made as deep as needed: the slot of its descriptor. */
static int16_t plan_dir(const char *path, unsigned mode, int16_t tmpfs, struct oplist *ops)
{
	int16_t slot = oplist_slots(ops, 1);
	uint32_t str = oplist_str(ops, path);
	struct op *op = oplist_add(ops, OP_MKDIR);

	op->fd = tmpfs;
	op->str = str;
	op->a = mode;
	op = oplist_add(ops, OP_OPEN);
	op->fd = tmpfs;
	op->str = str;
	op->a = O_PATH | O_DIRECTORY | O_NOFOLLOW;
	op->ret = slot;
	return slot;
}

static int16_t plan_upper_dir(const char *dir, int16_t tmpfs, struct oplist *ops)
{
	auto_(arena) struct arena mem = {0};

	return plan_dir(arena_printf(&mem, "upper%s", dir), 0755, tmpfs, ops);
}

/* A node 0:0 in the upper directory is to overlay what a deletion was: the name is free for
 * something new, and no mount that could be taken away again keeps what is below from sight
 * (Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories"). */
static void plan_whiteouts(const struct rootfs_overlay *o, int16_t tmpfs, struct oplist *ops)
{
	auto_(arena) struct arena mem = {0};
	const char *dir = NULL;
	int16_t slot = SLOT_NONE;

	for (size_t i = 0; i < o->n_hidden; i++) {
		const char *slash = strrchr(o->hidden[i], '/');
		const char *here = arena_copy(&mem, o->hidden[i], (size_t)(slash - o->hidden[i]));
		oplist_why(ops, "hide the host's %s", o->hidden[i]);
		if (!dir || !str_eq(dir, here))
			slot = plan_upper_dir(here, tmpfs, ops);
		dir = here;
		uint32_t name = oplist_str(ops, slash + 1);
		struct op *op = oplist_add(ops, OP_MKNOD);
		op->fd = slot;
		op->str = name;
		op->a = S_IFCHR;
	}
}

/* The private tmpfs lies on `at`, a directory in the executor's own mount namespace; the overlay takes
 * its upper directory by that path, which nobody but root can touch. */
static int16_t plan_tmpfs(const struct rootfs_overlay *o, int16_t at, struct oplist *ops)
{
	static const char *const dirs[] = {"upper", "work"};
	auto_(arena) struct arena mem = {0};
	auto_(str) struct str data = {0};
	int16_t tmpfs = oplist_slots(ops, 1);

	oplist_why(ops, "the container's writable layer");
	option(&data, "mode", "0755");
	if (o->upper_bytes && !o->upper)
		option(&data, "size",
		       arena_printf(&mem, "%llu", (unsigned long long)o->upper_bytes));
	fsmount_op(ops, "tmpfs", &data, MOUNT_ATTR_NODEV, tmpfs);
	move_op(ops, tmpfs, at);
	for (size_t i = 0; i < 2; i++) {
		uint32_t name = oplist_str(ops, dirs[i]);
		struct op *op = oplist_add(ops, OP_MKDIR);
		op->fd = tmpfs;
		op->str = name;
		op->a = 0755;
	}
	plan_whiteouts(o, tmpfs, ops);
	return tmpfs;
}

/* What a layer deletes is marked with attributes that also a user namespace may set, hence userxattr. */
static void add_layers(const struct rootfs_overlay *o, struct str *data)
{
	auto_(str) struct str all = {0};

	for (size_t i = 0; i < o->n_layers; i++) {
		if (o->is_joined)
			str_addf(&all, "%s%s", i ? ":" : "", o->layers[i]);
		else
			option(data, "lowerdir+", o->layers[i]);
	}
	if (o->is_joined)
		option(data, "lowerdir", all.p);
	option(data, "userxattr", "");
}

/* Without it the kernel writes all that is dirty in the upper directory's file system at the end of
 * the mount, whoever wrote it, and the container's end waits for that. */
static void add_volatile(const struct rootfs_overlay *o, struct str *data)
{
	if (o->is_volatile)
		option(data, "volatile", "");
}

static int16_t open_base(const char *path, struct oplist *ops)
{
	int16_t slot = oplist_slots(ops, 1);

	oplist_why(ops, "the container's writable layer");
	open_op(ops, path, O_PATH | O_DIRECTORY | O_NOFOLLOW, slot);
	return slot;
}

static void plan_overlay(const struct rootfs_overlay *o, const char *base, int16_t root,
			 struct oplist *ops)
{
	auto_(arena) struct arena mem = {0};
	auto_(str) struct str data = {0};
	int16_t tmpfs = o->upper ? SLOT_NONE : plan_tmpfs(o, open_base(base, ops), ops);
	const char *upper = o->upper ? o->upper : base;

	oplist_why(ops, o->lower ? "the host's root, read-only, below the writable layer"
				 : "the image's layers, read-only, below the writable one");
	if (o->n_layers) {
		uint32_t dir = oplist_str(ops, o->dir);
		oplist_add(ops, OP_CHDIR)->str = dir;
	}
	option(&data, "source", "overlay");
	if (o->n_layers)
		add_layers(o, &data);
	else if (o->lower)
		option(&data, "lowerdir", o->lower);
	option(&data, "upperdir", arena_printf(&mem, "%s/upper", upper));
	option(&data, "workdir", arena_printf(&mem, "%s/work", upper));
	add_volatile(o, &data);
	fsmount_op(ops, "overlay", &data, 0, root);
	if (tmpfs != SLOT_NONE)
		oplist_add(ops, OP_CLOSE)->fd = tmpfs;
}

/* ---- a root whose ids are the container's --------------------------------------------------------- */

/* Each layer as an id-mapped mount, which the parent makes, attached to a directory of the writable
 * layer's tmpfs; the overlay over them belongs to the container's user namespace, as whose root it is
 * mounted. The paths are relative to the tmpfs: above it that root may open nothing. */

static void add_part(struct idmounts *all, const char *source, enum mount_depth bind,
		     struct arena *mem)
{
	all->list[all->n++] = (struct idmount){
		.index = IDMOUNT_ROOT,
		.source = arena_str(mem, source),
		.bind = bind,
		.depth = MOUNT_ONE,
	};
}

/* The writable layer: a directory, or a file system of its own. */
static void add_upper(struct idmounts *all, const struct rootfs_overlay *o, bool is_mapped,
		      struct arena *mem)
{
	add_part(all, path_join(mem, o->dir, o->disk ? o->disk : o->upper), MOUNT_ONE, mem);
	all->list[all->n - 1].is_disk = o->disk != NULL;
	all->list[all->n - 1].is_plain = !is_mapped;
}

int rootfs_plan_idmapped(const struct config *cfg, const struct rootfs_want *want,
			 struct arena *mem, struct idmounts *ret, struct err *err)
{
	const struct rootfs_overlay *o = want->overlay;
	struct idmounts all = {0};

	if (!want->maps_root && !(o && o->disk))
		return 0;
	if (o && o->n_layers >= IDMOUNTS_MAX)
		return err_say(err, E2BIG, "the image has %zu layers: the ids of %d can be mapped",
			       o->n_layers, IDMOUNTS_MAX - 1);
	all.list = arena_zalloc(mem, IDMOUNTS_MAX, sizeof(*all.list));
	if (!want->maps_root) {
		add_upper(&all, o, false, mem);
		*ret = all;
		return 0;
	}
	if (!o)
		add_part(&all, path_from(mem, want->bundle, cfg->root->path), MOUNT_ALL, mem);
	else if (!o->n_layers)
		add_part(&all, o->lower, MOUNT_ONE, mem);
	for (size_t i = 0; o && i < o->n_layers; i++)
		add_part(&all, path_join(mem, o->dir, o->layers[i]), MOUNT_ONE, mem);
	if (o && o->upper)
		add_upper(&all, o, true, mem);
	*ret = all;
	return 0;
}

/* The mounts come in one message: the root's parts first. */
static void plan_idmapped(const struct rootfs_want *want, struct rootfs_slots *s,
			  struct oplist *ops)
{
	if (!want->n_idmounts)
		return;
	s->parts = oplist_slots(ops, (unsigned)want->n_idmounts);
	s->idmapped = (int16_t)(s->parts + want->n_parts);
}

static void plan_sync(const struct rootfs_want *want, const struct rootfs_slots *s,
		      struct oplist *ops)
{
	if (!want->n_idmounts)
		return;
	oplist_why(ops, "%s",
		   want->overlay && want->overlay->disk ? "the container's disk, and "
							  "id-mapped mounts"
							: "id-mapped mounts");
	struct op *op = oplist_add(ops, OP_SYNC);
	op->a = SYNC_MOUNTS;
	op->b = want->n_idmounts;
	op->ret = s->parts;
}

/* Attaches a part to a directory of its own in the tmpfs. */
static void plan_part(int16_t part, const char *name, int16_t tmpfs, struct oplist *ops)
{
	move_op(ops, part, plan_dir(name, 0700, tmpfs, ops));
}

static void plan_mapped_overlay(const struct rootfs_overlay *o, const struct rootfs_want *want,
				const struct rootfs_slots *s, struct oplist *ops)
{
	auto_(arena) struct arena mem = {0};
	auto_(str) struct str data = {0}, lower = {0};
	size_t n = want->n_parts - (o->upper ? 1 : 0);
	int16_t tmpfs = plan_tmpfs(o, s->base, ops);

	oplist_why(ops, "the root's layers, with the container's ids");
	str_add(&lower, "");
	for (size_t i = 0; i < n; i++) {
		plan_part((int16_t)(s->parts + i), arena_printf(&mem, "%zu", i), tmpfs, ops);
		str_addf(&lower, "%s%zu", i ? ":" : "", i);
	}
	if (o->upper)
		plan_part((int16_t)(s->parts + n), "disk", tmpfs, ops);
	oplist_add(ops, OP_CHDIR)->fd = tmpfs;
	option(&data, "source", "overlay");
	option(&data, "lowerdir", lower.p);
	option(&data, "upperdir", o->upper ? "disk/upper" : "upper");
	option(&data, "workdir", o->upper ? "disk/work" : "work");
	option(&data, "userxattr", "");
	add_volatile(o, &data);
	fsmount_op(ops, "overlay", &data, 0, s->root);
	oplist_add(ops, OP_CLOSE)->fd = tmpfs;
}

/* The disk comes before the overlay that is over it, and lies where that looks for its upper directory:
 * in the executor's own mount namespace, which ends with the container. */
static void plan_disk(const struct rootfs_overlay *o, const struct rootfs_want *want,
		      const struct rootfs_slots *s, struct oplist *ops)
{
	auto_(arena) struct arena mem = {0};

	plan_sync(want, s, ops);
	int16_t at = open_base(path_join(&mem, o->dir, o->upper), ops);
	oplist_why(ops, "the container's disk");
	move_op(ops, s->parts, at);
}

/* ---- sources -------------------------------------------------------------------------------------- */

/* Hooks find the container's root where the bundle says, as they do with other runtimes. What is
 * attached there must not be passed on to the host. */
static void plan_place(const struct config *cfg, const char *path, struct rootfs_slots *s,
		       struct oplist *ops)
{
	oplist_why(ops, "root.path, for hooks to look at");
	s->place = oplist_slots(ops, 1);
	open_op(ops, path, O_PATH | O_DIRECTORY, s->place);
	if (!is_shared(cfg))
		return;
	propagate(ops, s->place, NULL, MS_PRIVATE, false);
	ops->ops[ops->n - 1].a = 1;
}

/* Any directory that is there for this container alone. */
static const char *base_of(const struct rootfs_overlay *o, const char *path, struct arena *mem)
{
	return o->upper ? path_join(mem, o->dir, o->upper) : path;
}

int rootfs_plan_sources(const struct config *cfg, const struct rootfs_want *want,
			struct rootfs_slots *s, struct oplist *ops, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	const char *path = path_from(&mem, want->bundle, cfg->root->path);
	bool has_disk = !want->maps_root && want->overlay && want->overlay->disk;

	s->root = oplist_slots(ops, 5);
	s->dev = (int16_t)(s->root + 1);
	s->null = (int16_t)(s->root + 2);
	s->empty = (int16_t)(s->root + 3);
	s->sources = oplist_slots(ops, (unsigned)(cfg->n_mounts + dev_count(cfg)));
	plan_idmapped(want, s, ops);
	if (oplist_full(ops))
		return err_say(err, E2BIG, "mounts: %zu are more than ctr can hold open",
			       cfg->n_mounts);

	plan_detachment(cfg, ops);
	if (want->hooks_look)
		plan_place(cfg, path, s, ops);
	if (want->maps_root) {
		if (!want->overlay)
			s->root = s->parts;
		else
			s->base = open_base(base_of(want->overlay, path, &mem), ops);
	} else if (want->overlay) {
		if (has_disk)
			plan_disk(want->overlay, want, s, ops);
		plan_overlay(want->overlay, path, s->root, ops);
	} else {
		oplist_why(ops, "root.path %s", path);
		open_tree_op(ops, path, AT_RECURSIVE, s->root);
	}
	if (!has_disk)
		plan_sync(want, s, ops);
	int r = mounts_plan_sources(cfg, want, s, ops, err);
	if (r == 0)
		dev_plan_sources(cfg, want, s, ops);
	return r;
}

static bool dev_is_bind(const struct config *cfg)
{
	for (size_t i = 0; i < cfg->n_mounts; i++) {
		const struct config_mount *m = &cfg->mounts[i];
		if (!str_eq(m->destination, "/dev") && !str_eq(m->destination, "/dev/"))
			continue;
		if (mount_is_bind(m))
			return true;
	}
	return false;
}

int rootfs_plan_mounts(const struct config *cfg, const struct host *host,
		       const struct rootfs_want *want, struct rootfs_slots *s, struct oplist *ops,
		       struct err *err)
{
	if (want->maps_root && want->overlay)
		plan_mapped_overlay(want->overlay, want, s, ops);
	/* As a rule the root is attached on top of /: that needs no path, and the mount below it is
	 * private, so nothing is passed on. Absolute paths still begin below it. */
	if (!want->hooks_look)
		s->place = oplist_slots(ops, 1);
	oplist_why(ops, "root.path");
	if (!want->hooks_look)
		open_op(ops, "/", O_PATH | O_DIRECTORY, s->place);
	/* A copy of a shared mount is one of its peers, which pivot_root(2) does not take. */
	if (is_shared(cfg))
		propagate(ops, s->root, NULL, MS_PRIVATE, false);
	move_op(ops, s->root, s->place);

	int r = mounts_plan(cfg, host, want, s, ops, err);
	if (r < 0)
		return r;
	return dev_is_bind(cfg) ? 0 : dev_plan(cfg, want, s, ops, err);
}

static void cover(struct oplist *ops, enum op_kind kind, const char *why, size_t i,
		  const char *path, const struct rootfs_slots *s)
{
	oplist_why(ops, "%s[%zu] %s", why, i, path);
	uint32_t str = oplist_str(ops, path);
	struct op *op = oplist_add(ops, kind);

	op->fd = s->root;
	op->str = str;
	if (kind == OP_MASK) {
		op->fd2 = s->null;
		op->ret = s->empty;
	}
}

static void plan_masks(const struct config_linux *l, const struct rootfs_slots *s,
		       struct oplist *ops)
{
	bool has_label = l->mount_label && *l->mount_label; /* whether it may is settled */
	auto_(str) struct str data = {0};

	if (l->n_masked_paths) {
		oplist_why(ops, "linux.maskedPaths");
		/* The host's, not the rootfs's: CVE-2025-31133. */
		open_tree_op(ops, "/dev/null", 0, s->null);
		option(&data, "nr_inodes", "1");
		option(&data, "mode", "0555");
		if (has_label)
			option(&data, "context", l->mount_label);
		fsmount_op(ops, "tmpfs", &data,
			   MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				   MOUNT_ATTR_NOEXEC,
			   s->empty);
	}
	for (size_t i = 0; i < l->n_masked_paths; i++)
		cover(ops, OP_MASK, "linux.maskedPaths", i, l->masked_paths[i], s);
	for (size_t i = 0; i < l->n_readonly_paths; i++)
		cover(ops, OP_READONLY, "linux.readonlyPaths", i, l->readonly_paths[i], s);
}

int rootfs_plan_enter(const struct config *cfg, struct rootfs_slots *s, struct oplist *ops,
		      struct err *err)
{
	const struct config_linux *l = cfg->linux_;

	plan_masks(l, s, ops);
	if (cfg->root->readonly) {
		struct op_attr attr = {.set = MOUNT_ATTR_RDONLY, .userns = SLOT_NONE};
		oplist_why(ops, "root.readonly");
		attr_op(ops, s->root, NULL, &attr);
	}
	oplist_why(ops, "enter the root file system");
	oplist_add(ops, OP_PIVOT)->fd = s->root;
	if (!l->rootfs_propagation)
		return 0;
	for (size_t i = 0; i < sizeof(propagations) / sizeof(*propagations); i++) {
		if (!str_eq(l->rootfs_propagation, propagations[i].word))
			continue;
		oplist_why(ops, "linux.rootfsPropagation");
		propagate(ops, s->root, NULL, propagations[i].type, propagations[i].recursive);
		return 0;
	}
	return err_say(err, EINVAL, "linux.rootfsPropagation: unknown word \"%s\"",
		       l->rootfs_propagation);
}
