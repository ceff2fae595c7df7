/* SPDX-License-Identifier: Apache-2.0 */
/* The operations on mounts that several planners add. `op.h` says what each does. */
#pragma once

#include <stdint.h>

#include "runtime/base/mem.h"
#include "runtime/base/oplist.h"

/* A new file system, not attached anywhere yet, in slot `ret`. `data`: its options, "key\0value\0"
 * each; NULL for none. `attr`: MOUNT_ATTR_ bits. */
struct op *fsmount_op(struct oplist *ops, const char *type, const struct str *data, uint64_t attr,
		      int16_t ret);

/* A copy of what is mounted at the host's `path`, in slot `ret`. `flags`: AT_RECURSIVE,
 * AT_SYMLINK_NOFOLLOW, or 0. */
struct op *open_tree_op(struct oplist *ops, const char *path, unsigned flags, int16_t ret);

/* Attaches the mount in one slot to the place in another. */
void move_op(struct oplist *ops, int16_t mount, int16_t target);
