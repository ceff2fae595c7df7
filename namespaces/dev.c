/* SPDX-License-Identifier: Apache-2.0 */
/* Device nodes and the links of /dev. Nodes are made, or, where the kernel refuses mknod (in a user
 * namespace), the host's own nodes are bound over empty files. */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "namespaces/mount_ops.h"
#include "namespaces/rootfs.h"
#include "runtime/base/sys.h"

struct node {
	const char *path; /* absolute */
	uint32_t mode;    /* S_IF* | permissions */
	unsigned major, minor;
	uint32_t uid, gid;
};

static const struct node usual[] = {
	{"/dev/null", S_IFCHR | 0666, 1, 3, 0, 0},    {"/dev/zero", S_IFCHR | 0666, 1, 5, 0, 0},
	{"/dev/full", S_IFCHR | 0666, 1, 7, 0, 0},    {"/dev/random", S_IFCHR | 0666, 1, 8, 0, 0},
	{"/dev/urandom", S_IFCHR | 0666, 1, 9, 0, 0}, {"/dev/tty", S_IFCHR | 0666, 5, 0, 0, 0},
};
enum { N_USUAL = sizeof(usual) / sizeof(*usual) };

static const struct {
	const char *path, *target;
} links[] = {
	{"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"}, {"core", "/proc/kcore"},      {"ptmx", "pts/ptmx"},
};

static size_t n_given(const struct config *cfg)
{
	return cfg->linux_ ? cfg->linux_->n_devices : 0;
}

size_t dev_count(const struct config *cfg)
{
	return N_USUAL + n_given(cfg);
}

static struct node given(const struct config_device *d)
{
	static const uint32_t types[] = {
		[CONFIG_DEVICE_TYPE_C] = S_IFCHR,
		[CONFIG_DEVICE_TYPE_U] = S_IFCHR,
		[CONFIG_DEVICE_TYPE_B] = S_IFBLK,
		[CONFIG_DEVICE_TYPE_P] = S_IFIFO,
	};

	return (struct node){
		.path = d->path,
		.mode = types[d->type] | (d->has_file_mode ? d->file_mode & 07777 : 0666),
		.major = d->has_major ? (unsigned)d->major : 0,
		.minor = d->has_minor ? (unsigned)d->minor : 0,
		.uid = d->uid,
		.gid = d->gid,
	};
}

/* Device number `i` of the container; false when a later one of the config replaces it. */
static bool node_at(const struct config *cfg, size_t i, struct node *ret)
{
	if (i >= N_USUAL) {
		*ret = given(&cfg->linux_->devices[i - N_USUAL]);
		return true;
	}
	*ret = usual[i];
	for (size_t k = 0; k < n_given(cfg); k++)
		if (str_eq(cfg->linux_->devices[k].path, ret->path))
			return false;
	return true;
}

static void why(struct oplist *ops, const struct config *cfg, size_t i, const struct node *n)
{
	if (i >= N_USUAL)
		oplist_why(ops, "linux.devices[%zu] %s", i - N_USUAL, n->path);
	else
		oplist_why(ops, "default device %s", n->path);
	(void)cfg;
}

void dev_plan_sources(const struct config *cfg, const struct rootfs_want *want,
		      const struct rootfs_slots *s, struct oplist *ops)
{
	struct node n;

	for (size_t i = 0; want->userns && i < dev_count(cfg); i++) {
		if (!node_at(cfg, i, &n) || S_ISFIFO(n.mode))
			continue;
		why(ops, cfg, i, &n);
		int16_t source = (int16_t)(s->sources + (int)cfg->n_mounts + (int)i);
		struct op *op = open_tree_op(ops, n.path, 0, source);
		/* A host may lack one of those that every container gets, not one that was asked for. */
		op->flags = i < N_USUAL ? OPF_MISSING_OK : 0;
	}
}

/* The directory slot and the path below it for a device: /dev is opened once and used through its
 * descriptor, so that a rootfs whose /dev changes meanwhile gains nothing. */
static int16_t below(const struct rootfs_slots *s, const char **path)
{
	if (!str_starts(*path, "/dev/"))
		return s->root;
	*path += strlen("/dev/");
	return s->dev;
}

static void make_node(struct oplist *ops, const struct rootfs_slots *s, const struct node *n)
{
	const char *path = n->path;
	int16_t dir = below(s, &path);
	uint32_t str = oplist_str(ops, path);
	struct op *op = oplist_add(ops, OP_MKNOD);

	op->fd = dir;
	op->str = str;
	op->a = n->mode;
	op->b = makedev(n->major, n->minor);
	op->c = (uint64_t)n->uid << 32 | n->gid;
}

static void bind_node(struct oplist *ops, const struct rootfs_slots *s, const struct node *n,
		      int16_t source)
{
	const char *path = n->path;
	int16_t dir = below(s, &path);
	int16_t target = oplist_slots(ops, 1);
	uint32_t str = oplist_str(ops, path);
	struct op *op = oplist_add(ops, OP_TARGET);

	op->fd = dir;
	op->fd2 = source;
	op->str = str;
	op->a = S_IFREG | 0644;
	op->ret = target;
	op->flags = OPF_NOPROC;
	move_op(ops, source, target);
	oplist_add(ops, OP_CLOSE)->fd = source;
}

static void plan_links(struct oplist *ops, const struct rootfs_slots *s)
{
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		oplist_why(ops, "default link /dev/%s", links[i].path);
		uint32_t path = oplist_str(ops, links[i].path);
		uint32_t target = oplist_str(ops, links[i].target);
		struct op *op = oplist_add(ops, OP_SYMLINK);
		op->fd = s->dev;
		op->str = path;
		op->data = target;
		op->size = (uint32_t)strlen(links[i].target) + 1;
	}
}

int dev_plan(const struct config *cfg, const struct rootfs_want *want, const struct rootfs_slots *s,
	     struct oplist *ops, struct err *err)
{
	struct node n;

	oplist_why(ops, "/dev");
	uint32_t str = oplist_str(ops, "/dev");
	struct op *op = oplist_add(ops, OP_TARGET);
	op->fd = s->root;
	op->str = str;
	op->a = S_IFDIR | 0755;
	op->ret = s->dev;
	op->flags = OPF_NOPROC | OPF_REALDIR;
	for (size_t i = 0; i < dev_count(cfg); i++) {
		if (!node_at(cfg, i, &n))
			continue;
		why(ops, cfg, i, &n);
		if (str_eq(n.path, "/dev") || !str_starts(n.path, "/"))
			return err_say(err, EINVAL,
				       "linux.devices[%zu].path: %s is no place for a device",
				       i - N_USUAL, n.path);
		if (want->userns && !S_ISFIFO(n.mode))
			bind_node(ops, s, &n, (int16_t)(s->sources + (int)cfg->n_mounts + (int)i));
		else
			make_node(ops, s, &n);
	}
	plan_links(ops, s);
	return 0;
}
