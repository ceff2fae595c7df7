/* SPDX-License-Identifier: Apache-2.0 */
/* A plan in the making, inside of cgroups/. The first failure stays: whatever is added after it is
 * ignored, so the translators of limits are straight lines without checks. */
#pragma once

#include "cgroups/cgroup.h"

struct cg_builder {
	struct cg_plan *plan;
	const struct host *host; /* NULL in an update: then the groups are those that exist */
	const char *path;        /* linux.cgroupsPath */
	const char *id;
	bool soft_pids; /* the pids limit is ctr's own default: a warning will do */
	int r;
	struct err *err;
};

/* Is this controller on a mounted v1 hierarchy? Otherwise v2 is the place to look for it. */
bool cg_is_on_v1(const struct cg_builder *, const char *controller);
/* Adds a write; the controller is the file's first word. Finds or adds the group. A host without
 * the controller is an error that names `property`, or a warning if the file is CG_OPTIONAL. */
void cg_put(struct cg_builder *, const char *property, const char *file, unsigned flags,
	    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* The config is wrong. */
void cg_refuse(struct cg_builder *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The config is right, but this host cannot do it; `why` is a sentence's end. */
void cg_unsupported(struct cg_builder *, const char *property, const char *why);
void cg_warn(struct cg_builder *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The mounted hierarchy that has a controller ("" is v2), or NULL. */
const struct host_cgroup *cg_mounted(const struct host *, const char *controller);
/* The plan's group with that controller; -1: none yet. */
int cg_planned(const struct cg_plan *, const char *controller);
/* The same, added if the host has such a hierarchy. */
int cg_group_for(struct cg_builder *, const char *controller);
/* `path` must be in the plan's arena. */
int cg_add_group(struct cg_builder *, const char *mountpoint, const char *path,
		 const char *controllers);

/* limits.c: everything of linux.resources but the devices. */
void cg_limits(struct cg_builder *, const struct config_resources *);
/* limits_v1.c, limits_v2.c: one controller each; the object is not NULL. */
void cg_memory_v1(struct cg_builder *, const struct config_memory *);
void cg_memory_v2(struct cg_builder *, const struct config_memory *);
void cg_cpu_v1(struct cg_builder *, const struct config_cpu *);
void cg_cpu_v2(struct cg_builder *, const struct config_cpu *);
void cg_block_io_v1(struct cg_builder *, const struct config_block_io *);
void cg_block_io_v2(struct cg_builder *, const struct config_block_io *);
/* What cpu.weight should be for cpu.shares. */
unsigned cg_weight_of_shares(uint64_t shares);
/* unit.c: the same limits as properties of the scope, lest systemd writes back its own. */
void cg_unit(struct cg_builder *, const struct config_resources *,
	     const struct config_kv *annotations, size_t n_annotations);
