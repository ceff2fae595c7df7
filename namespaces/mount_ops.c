/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/mount.h>

#include "namespaces/mount_ops.h"
#include "runtime/base/sys.h"

struct op *fsmount_op(struct oplist *ops, const char *type, const struct str *data, uint64_t attr,
		      int16_t ret)
{
	uint32_t str = oplist_str(ops, type);
	uint32_t at = data && data->len ? oplist_blob(ops, data->p, data->len) : 0;
	struct op *op = oplist_add(ops, OP_FSMOUNT);

	op->str = str;
	op->data = at;
	op->size = at ? (uint32_t)data->len : 0;
	op->a = attr;
	op->ret = ret;
	return op;
}

struct op *open_tree_op(struct oplist *ops, const char *path, unsigned flags, int16_t ret)
{
	uint32_t str = oplist_str(ops, path);
	struct op *op = oplist_add(ops, OP_OPEN_TREE);

	op->fd = SLOT_CWD;
	op->str = str;
	op->a = OPEN_TREE_CLONE | flags;
	op->ret = ret;
	return op;
}

void move_op(struct oplist *ops, int16_t mount, int16_t target)
{
	struct op *op = oplist_add(ops, OP_MOVE_MOUNT);

	op->fd = mount;
	op->fd2 = target;
}
