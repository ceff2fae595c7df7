/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>

#include "namespaces/cgroup_mount.h"
#include "namespaces/mount_ops.h"
#include "runtime/base/mem.h"
#include "runtime/base/sys.h"

static void bind_op(struct oplist *ops, const char *path, uint64_t attr, int16_t ret)
{
	struct op_attr set = {.set = attr, .userns = SLOT_NONE, .recursive = 1};

	open_tree_op(ops, path, 0, ret);
	uint32_t data = oplist_blob(ops, &set, sizeof(set));
	struct op *op = oplist_add(ops, OP_SETATTR);
	op->fd = ret;
	op->data = data;
	op->size = sizeof(set);
}

static void attach(const struct cgroup_mount *m, const char *path, struct oplist *ops)
{
	uint32_t str = oplist_str(ops, path);
	struct op *op = oplist_add(ops, OP_TARGET);

	op->fd = m->root;
	op->str = str;
	op->a = S_IFDIR | 0755;
	op->ret = m->target;
	op->flags = OPF_NOPROC;
	move_op(ops, m->mount, m->target);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* The container's own directory in that hierarchy. */
static const char *own_group(const struct rootfs_want *want, const char *controllers)
{
	size_t n = strlen(controllers);

	for (size_t i = 0; i < want->n_cgroups; i++)
		if (!strncmp(want->cgroups[i], controllers, n) && want->cgroups[i][n] == ':')
			return want->cgroups[i] + n + 1;
	return NULL;
}

/* "cpu,cpuacct" becomes two flags; a named hierarchy has no controllers. */
static void v1_options(struct str *data, const char *controllers)
{
	if (str_starts(controllers, "name=")) {
		str_add_mem(data, "none\0\0name", sizeof("none\0\0name"));
		str_add_mem(data, controllers + 5, strlen(controllers + 5) + 1);
		return;
	}
	while (*controllers) {
		size_t n = strcspn(controllers, ",");
		str_add_mem(data, controllers, n);
		str_add_mem(data, "\0", 2);
		controllers += n + (controllers[n] == ',');
	}
}

static void plan_hierarchy(const struct cgroup_mount *m, const struct host_cgroup *g,
			   const char *own, struct oplist *ops)
{
	auto_(arena) struct arena mem = {0};
	auto_(str) struct str data = {0};
	uint64_t attr = m->attr | MOUNT_ATTR_RDONLY;

	if (!m->is_private)
		bind_op(ops, own, attr, m->mount);
	else if (!*g->controllers)
		fsmount_op(ops, "cgroup2", NULL, attr, m->mount);
	else {
		v1_options(&data, g->controllers);
		fsmount_op(ops, "cgroup", &data, attr, m->mount);
	}
	attach(m, arena_printf(&mem, "%s/%s", m->dest, base_name(g->mountpoint)), ops);
}

/* "cpu" and "cpuacct" beside "cpu,cpuacct". */
static void plan_links(int16_t tmpfs, const struct host_cgroup *g, struct oplist *ops)
{
	const char *at = g->controllers, *target = base_name(g->mountpoint);

	while (strchr(g->controllers, ',') && *at) {
		auto_(arena) struct arena mem = {0};
		size_t n = strcspn(at, ",");
		uint32_t name = oplist_str(ops, arena_copy(&mem, at, n));
		uint32_t to = oplist_str(ops, target);
		struct op *op = oplist_add(ops, OP_SYMLINK);
		op->fd = tmpfs;
		op->str = name;
		op->data = to;
		op->size = (uint32_t)strlen(target) + 1;
		at += n + (at[n] == ',');
	}
}

static int plan_v1(const struct cgroup_mount *m, const struct host *host,
		   const struct rootfs_want *want, struct oplist *ops)
{
	struct op_attr ro = {.set = MOUNT_ATTR_RDONLY, .userns = SLOT_NONE};
	auto_(str) struct str data = {0};
	int16_t tmpfs = oplist_slots(ops, 1);
	struct cgroup_mount top = *m;

	str_add_mem(&data,
		    "mode\0"
		    "0755",
		    sizeof("mode\0"
			   "0755"));
	fsmount_op(ops, "tmpfs", &data, m->attr & ~(uint64_t)MOUNT_ATTR_RDONLY, tmpfs);
	top.mount = tmpfs;
	attach(&top, m->dest, ops);
	for (unsigned i = 0; i < host->n_cgroups; i++) {
		const struct host_cgroup *g = &host->cgroups[i];
		const char *own = own_group(want, g->controllers);
		/* What the container has no group in is the host's: of no use, and not to be seen. */
		if (!own)
			continue;
		plan_hierarchy(m, g, own, ops);
		plan_links(tmpfs, g, ops);
	}
	uint32_t attr = oplist_blob(ops, &ro, sizeof(ro));
	struct op *op = oplist_add(ops, OP_SETATTR);
	op->fd = tmpfs;
	op->data = attr;
	op->size = sizeof(ro);
	return 0;
}

int cgroup_mount_plan(const struct cgroup_mount *m, const struct host *host,
		      const struct rootfs_want *want, struct oplist *ops, struct err *err)
{
	if (host->layout == CGROUP_NONE)
		return err_say(err, ENOTSUP, "%s: this host has no cgroup file system", m->dest);
	if (host->layout != CGROUP_V2)
		return plan_v1(m, host, want, ops);
	if (m->is_private)
		fsmount_op(ops, "cgroup2", NULL, m->attr, m->mount);
	else
		bind_op(ops, host->cgroups[0].mountpoint, m->attr, m->mount);
	attach(m, m->dest, ops);
	return 0;
}
