/* SPDX-License-Identifier: Apache-2.0 */
/* linux.cgroupsPath → where the groups lie. Pure and lexical: whatever the config says, the result
 * is below the hierarchy's mount point, and never the mount point itself. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "runtime/base/err.h"
#include "runtime/base/mem.h"

/* What is known about one hierarchy. */
struct cg_whereabouts {
	const char *id;
	const char *own; /* ctr's own group in it */
	bool is_v2;
};
/* The path below the mount point, without a leading slash. `path` may be NULL or "" (then it is
 * id). Absolute paths start at the mount point; relative ones below ctr's own group on v1 and
 * beside it on v2, where a group that has processes cannot have children with controllers.
 * -EINVAL, -ENAMETOOLONG. *ret is in the arena. */
int cg_path_fs(struct arena *mem, const char *path, const struct cg_whereabouts *at,
	       const char **ret, struct err *err);

/* A place in systemd's tree. */
struct cg_scope {
	const char *slice; /* "machine.slice"; "-.slice" is the root */
	const char *unit;  /* "libpod-ID.scope" */
	const char *path;  /* "machine.slice/libpod-ID.scope" */
};
/* From "slice:prefix:name" (or NULL or "": all by default). `user`: the unit belongs to the
 * service manager of that uid, whose tree starts below user.slice; -1: the system's. */
int cg_path_systemd(struct arena *mem, const char *path, const char *id, int64_t user,
		    struct cg_scope *ret, struct err *err);
