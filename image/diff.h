/* SPDX-License-Identifier: Apache-2.0 */
/* What a container has changed of its image, by its writable layer. */
#pragma once

#include "runtime/root.h"

enum diff_kind { DIFF_CHANGED, DIFF_ADDED, DIFF_DELETED };

struct diff_line {
	enum diff_kind kind;
	const char *path; /* absolute */
};

/* Sorted by path, in the arena. */
int diff_container(const struct container_root *root, struct arena *mem, struct diff_line **ret,
		   size_t *ret_n, struct err *err);

/* Whether it is an empty place for a mount that the runtime made, and no change of the container's.
 * config: the container's struct config. */
bool diff_is_place(const void *config, const struct walk_entry *e);

/* The writable layer of one that has such; with the image's layers. */
int diff_open(const struct container_root *root, struct rootfs_overlay *ret, struct err *err);
