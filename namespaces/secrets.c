/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/stat.h>

#include "namespaces/idmap.h"
#include "namespaces/mount_ops.h"
#include "namespaces/secrets.h"
#include "runtime/base/sys.h"

enum { PAGE = 4096 };

static void option(struct str *data, const char *key, const char *value)
{
	str_add_mem(data, key, strlen(key) + 1);
	str_add_mem(data, value, strlen(value) + 1);
}

static int check_owner(const struct secret *s, const struct config_linux *l, struct err *err)
{
	const struct idmap uids = {l->uid_mappings, l->n_uid_mappings};
	const struct idmap gids = {l->gid_mappings, l->n_gid_mappings};
	uint32_t ignored;

	if ((!uids.n || idmap_to_host(uids, s->uid, &ignored)) &&
	    (!gids.n || idmap_to_host(gids, s->gid, &ignored)))
		return 0;
	err_say(err, EINVAL, "the secret %s is to be of %u:%u, which the container does not have",
		s->name, s->uid, s->gid);
	err_hint(err, "without root a container has the ids 0:0 alone: leave out uid= and gid=");
	return -EINVAL;
}

/* As large as they are, so that nothing else fits. */
static void plan_tmpfs(const struct secrets_mount *m, const struct rootfs_want *want,
		       struct oplist *ops)
{
	auto_(arena) struct arena mem = {0};
	auto_(str) struct str data = {0};
	size_t pages = 1;

	for (size_t i = 0; i < want->secrets->n; i++)
		pages += 1 + want->secrets->list[i].size / PAGE;
	option(&data, "source", "secrets");
	option(&data, "mode", "0755");
	option(&data, "size", arena_printf(&mem, "%zu", pages * PAGE));
	if (m->keeps_memory)
		option(&data, "noswap", "");
	if (want->label)
		option(&data, "context", want->label);
	fsmount_op(ops, "tmpfs", &data, m->attr, m->mount);
}

static void plan_file(const struct secret *s, int16_t tmpfs, struct oplist *ops)
{
	oplist_why(ops, "the secret %s", s->name);
	uint32_t name = oplist_str(ops, s->name);
	struct op *op = oplist_add(ops, OP_MKNOD);
	op->fd = tmpfs;
	op->str = name;
	op->a = S_IFREG | s->mode;
	op->c = (uint64_t)s->uid << 32 | s->gid;
	if (!s->size)
		return;
	uint32_t data = oplist_blob(ops, s->data, s->size);
	op = oplist_add(ops, OP_WRITE);
	op->fd = tmpfs;
	op->str = name;
	op->data = data;
	op->size = (uint32_t)s->size;
}

static void plan_readonly(int16_t tmpfs, struct oplist *ops)
{
	const struct op_attr attr = {.set = MOUNT_ATTR_RDONLY, .userns = SLOT_NONE};
	uint32_t data = oplist_blob(ops, &attr, sizeof(attr));
	struct op *op = oplist_add(ops, OP_SETATTR);

	op->fd = tmpfs;
	op->data = data;
	op->size = sizeof(attr);
}

/* decides: the mount that says whether the place is a file; SLOT_NONE: a directory. */
static void plan_place(const struct secrets_mount *m, const char *path, int16_t mount,
		       int16_t decides, struct oplist *ops)
{
	uint32_t str = oplist_str(ops, path);
	struct op *op = oplist_add(ops, OP_TARGET);

	op->fd = m->root;
	op->fd2 = decides;
	op->str = str;
	op->a = decides == SLOT_NONE ? S_IFDIR | 0755 : 0755;
	op->ret = m->target;
	op->flags = OPF_NOPROC;
	move_op(ops, mount, m->target);
}

int secrets_plan(const struct secrets_mount *m, const struct rootfs_want *want,
		 const struct config_linux *l, struct oplist *ops, struct err *err)
{
	const struct secrets *all = want->secrets;

	plan_tmpfs(m, want, ops);
	for (size_t i = 0; i < all->n; i++) {
		const struct secret *s = &all->list[i];
		if (s->variable)
			continue;
		int r = check_owner(s, l, err);
		if (r < 0)
			return r;
		plan_file(s, m->mount, ops);
	}
	oplist_why(ops, "the secrets");
	plan_readonly(m->mount, ops);
	plan_place(m, m->dest, m->mount, SLOT_NONE, ops);
	for (size_t i = 0; i < all->n; i++) {
		const struct secret *s = &all->list[i];
		if (!s->target)
			continue;
		int16_t file = oplist_slots(ops, 1);
		oplist_why(ops, "the secret %s at %s", s->name, s->target);
		uint32_t name = oplist_str(ops, s->name);
		struct op *op = oplist_add(ops, OP_OPEN_TREE);
		op->fd = m->mount;
		op->str = name;
		op->a = OPEN_TREE_CLONE;
		op->ret = file;
		plan_place(m, s->target, file, file, ops);
	}
	return 0;
}
