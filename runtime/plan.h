/* SPDX-License-Identifier: Apache-2.0 */
/* The whole plan of a start: what the executor does inside, and the small lists of what is done
 * outside. Made from config and host facts alone; holds no pid and no descriptor, so it can be
 * printed, compared and made again: the same config on the same host gives the same plan. */
#pragma once

#include <stdbool.h>

#include "cgroups/cgroup.h"
#include "cgroups/rdt.h"
#include "namespaces/ns.h"
#include "namespaces/rootfs.h"
#include "runtime/base/oplist.h"
#include "runtime/hooks.h"

/* What fills an inherited slot, in slot order from SLOT_FIRST on. */
struct plan_fd {
	enum { PLAN_FD_START, PLAN_FD_CGROUP, PLAN_FD_NAMESPACE, PLAN_FD_PIDFD } kind;
	unsigned index; /* of the cgroup handle, or of the join */
};

enum { PLAN_FDS_MAX = 3 + HOST_CGROUPS_MAX + NS_KINDS };

struct plan {
	struct oplist ops;
	struct plan_fd fds[PLAN_FDS_MAX];
	unsigned n_fds;
	struct ns_plan ns;
	struct cg_plan cg;
	struct rdt_plan rdt;
	struct idmounts idmounts; /* owned by mem */
	bool outside_limits;      /* the parent sets rlimits and oom_score_adj at SYNC_LIMITS */
	const char **warnings;    /* for the log; owned by mem */
	size_t n_warnings;
	struct arena mem;
};

struct seccomp_filter; /* namespaces/seccomp.h */

struct secrets; /* namespaces/secrets.h */

struct plan_want {
	const char *id, *bundle;
	const char
		*record; /* the container's directory: marks its groups as its own; NULL: the id */
	enum cg_manager manager;
	const struct rootfs_overlay *overlay;
	const struct secrets *secrets; /* NULL: none */
	const struct seccomp_filter
		*filter;     /* compiled linux.seccomp (runtime/filter.h), or NULL */
	bool engine;         /* ctr's own defaults may be less than enforceable */
	bool wait_for_start; /* a start socket is inherited */
	bool no_new_keyring;
	unsigned preserve_fds;
};

/* create and run. Pure. On success the caller clears *ret. */
int plan_create(const struct config *cfg, const struct host *host, const struct plan_want *want,
		struct plan *ret, struct err *err);

/* What hooks are told of the container of that id. */
struct hook_subject plan_hook_subject(const struct config *cfg, const char *id, const char *bundle);
/* Whether there are hooks of the runtime's own namespaces before the pivot, or any before it. */
enum plan_hooks { HOOKS_OF_RUNTIME, HOOKS_OF_CREATE };
bool plan_has_hooks(const struct config *cfg, enum plan_hooks which);

struct plan_exec_want {
	const char *id;
	uint64_t namespaces; /* CLONE_NEW* to join */
	const struct seccomp_filter *filter;
	unsigned n_cgroups; /* v1 tasks files to write to */
	bool has_rdt;       /* the parent puts it into resctrl groups */
	bool no_new_keyring;
	bool drops_groups; /* the container's user namespace denies setgroups */
	unsigned preserve_fds;
};

/* exec: `process` in the container that `cfg` described. Pure. */
int plan_exec(const struct config *cfg, const struct config_process *process,
	      const struct host *host, const struct plan_exec_want *want, struct plan *ret,
	      struct err *err);
void plan_clear(struct plan *p);

/* Appends the plan as text, stable from run to run; plan_json the same for programs. */
void plan_print(struct str *out, const struct plan *p);
void plan_json(struct str *out, const struct plan *p);
