/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups: config → plan (pure), plan → groups (effects), and what one does with a living
 * container's groups afterwards: kill, freeze, list, measure, update, remove.
 *
 * The order of a start:
 *
 *     cg_plan     decides everything and refuses what this host cannot enforce
 *     (record)    the caller saves plan.names: whatever happens later, cg_undo needs nothing else
 *     cg_apply    makes the groups and writes the limits; hands back descriptors
 *     (clone)     CLONE_INTO_CGROUP with handles.v2; the child writes "0" to each of handles.tasks
 *     cg_adopt    systemd only: the scope is made around the child, which waits at a sync point
 *
 * v2 is the model. On a hybrid host the v1 controllers give the limits and the v2 group, which is
 * always made, gives kill and freeze. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/base/err.h"
#include "runtime/base/mem.h"
#include "runtime/base/str.h"
#include "runtime/config/config.h"
#include "runtime/config/host.h"

enum cg_manager { CG_FS, CG_SYSTEMD, CG_DISABLED };

/* What the caller wishes beside the config. */
struct cg_want {
	const char *id;     /* the container's */
	const char *record; /* what no other container has: the path of its record; NULL: id */
	enum cg_manager manager;
	bool rootless;  /* groups are made if possible, and do without if no limit was asked */
	bool soft_pids; /* resources.pids is ctr's own default: not enforceable is a warning */
};

/* One group to be made. */
struct cg_group {
	const char *mountpoint;  /* absolute */
	const char *path;        /* below it: "a/b/ID", not empty, no ".", no ".." */
	const char *controllers; /* of the hierarchy, as in struct host_cgroup; "" is v2 */
};

/* One write into a file of a group, in order. */
enum {
	CG_OPTIONAL = 1, /* a missing file is no error */
	CG_ELSE = 2, /* no such file: the next write is the one; done: its file may be missing */
	CG_SWAP = 4, /* refused (EINVAL, EBUSY): do the next write first, then this one again */
	CG_KEEP = 8, /* value is the second word; the first one is what the file says now */
	CG_REQUIRE = 16, /* nothing is written: the number in the file must not exceed value */
};
struct cg_write {
	unsigned group; /* index */
	unsigned flags;
	const char *file, *value;
	const char *property; /* what asked for it: "linux.resources.memory.limit" */
};

/* A device rule, in the order of the config; what ctr adds by itself comes last. */
enum { CG_DEV_MKNOD = 1, CG_DEV_READ = 2, CG_DEV_WRITE = 4, CG_DEV_RWM = 7 };
struct cg_device {
	char type; /* 'a', 'b', 'c' */
	bool allow;
	unsigned access;      /* CG_DEV_* */
	int64_t major, minor; /* -1: any */
};
enum cg_devices_by { CG_DEVICES_LEFT, CG_DEVICES_BPF, CG_DEVICES_V1 };

/* A property of the systemd scope. The value is text: a number, true or false, a string, a list
 * of CPUs ("ay"), strings separated by newlines ("as"). */
struct cg_property {
	const char *name;
	const char *type; /* D-Bus: b s y n q i u x t d as ay */
	const char *value;
};

/* All decisions about one container's groups; no pid, no descriptor. */
struct cg_plan {
	struct arena mem; /* owns all below */
	enum cg_manager manager;
	enum cgroup_layout layout;
	bool is_optional; /* rootless without a limit: go on without groups if they are refused */
	struct cg_group *groups;
	size_t n_groups;
	struct cg_write *writes;
	size_t n_writes;
	const char *enable;     /* v2: controllers the parents must pass down, "cpu memory" */
	const char *try_enable; /* v2: those worth having (statistics, later updates) */
	enum cg_devices_by devices_by;
	struct cg_device *devices; /* for V1: in a form without overlaps */
	size_t n_devices;
	int64_t owner;            /* host uid that the v2 group is delegated to; -1: nobody */
	const char *unit, *slice; /* systemd; NULL otherwise */
	bool is_user_unit;        /* on the user's bus */
	struct cg_property *properties;
	size_t n_properties;
	/* For the state record, before cg_apply: every group as "CONTROLLERS:/absolute/directory"
	 * (v2 has an empty first part), a scope as "unit:NAME" or "user-unit:NAME", and "mark=…",
	 * which tells the container's groups from other people's. names[i] is groups[i]. */
	const char **names;
	size_t n_names;
	const char **warnings; /* sentences for the log, once */
	size_t n_warnings;
};

/* Pure. Refuses (-EINVAL, -ENOTSUP; code "cgroup-unsupported" for what the host cannot enforce)
 * naming the property. On success the caller owns *ret (cg_plan_clear), which keeps no
 * pointer into cfg or host. */
int cg_plan(const struct config *cfg, const struct host *host, const struct cg_want *want,
	    struct cg_plan *ret, struct err *err);
/* As cg_plan for a living container: only what `res` says is changed. */
int cg_plan_update(const struct config_resources *res, const char *const *names, size_t n_names,
		   struct cg_plan *ret, struct err *err);
void cg_plan_clear(struct cg_plan *);
/* Appends the plan as stable text, for `ctr plan` and golden tests. */
void cg_print(struct str *out, const struct cg_plan *);

/* 0, or -ENOTSUP with code "needs-ext" when this executable was built without that manager:
 * ask before anything is recorded. */
int cg_check_manager(enum cg_manager, struct err *err);

/* How a process gets in. */
struct cg_handles {
	int v2; /* directory, for CLONE_INTO_CGROUP; -1: none */
	/* v1, O_WRONLY, in the plan's order: the entering process writes "0" to each while it has
	 * one thread (that skips the global lock of cgroup.procs). */
	int tasks[HOST_CGROUPS_MAX];
	unsigned n_tasks;
};
#define CG_HANDLES_NONE                                                                            \
	{                                                                                          \
		.v2 = -1                                                                           \
	}
void cg_handles_clear(struct cg_handles *);

/* Makes the groups and writes the limits. -EBUSY if a group has processes ("container's cgroup is
 * not empty") or is frozen. Whatever it made is removed again when it fails. With is_optional and
 * a refusal (EACCES, EPERM, EROFS) it succeeds, with neither groups nor handles: the caller then
 * plans again, with CG_DISABLED. The caller clears *ret. */
int cg_apply(const struct cg_plan *, struct cg_handles *ret, struct err *err);
/* systemd: makes the scope around pid, waits for it, writes the limits, opens h->v2. Other
 * managers: nothing to do. The pid must be cloned already and must wait. */
int cg_adopt(const struct cg_plan *, pid_t pid, struct cg_handles *h, struct err *err);
/* Carries out a plan of cg_plan_update. */
int cg_update(const struct cg_plan *, struct err *err);

/* Whether the container sees its group at /sys/fs/cgroup and may write there: divide it, say. */
bool cg_is_writable(const struct config *cfg);

/* --- a living container, named by what the record holds (plan.names) --- */

/* Ways into the groups for one more process (exec). `sub`: below the container's group, "" or
 * NULL for itself; "CTRL:PATH" for one v1 hierarchy. `init`: the container's pid 1, to take the
 * v2 group where that one lives, or 0. It is wanted where the container may divide its group
 * (cg_is_writable), and when clone3 says EBUSY: a group that is divided holds no process. */
int cg_enter(const char *const *names, size_t n, const char *sub, pid_t init,
	     struct cg_handles *ret, struct err *err);

/* Sends sig to every process of the subtree. SIGKILL also reaches paused ones and returns when
 * none is left to be signalled (they may still be exiting). No group, or not with the container's
 * mark: 0. */
int cg_kill(const char *const *names, size_t n, int sig, struct err *err);
/* Freezes or thaws, and waits until it is so (at most 10 s: -ETIMEDOUT, thawed again). */
int cg_freeze(const char *const *names, size_t n, bool freeze, struct err *err);
/* 1 frozen, 0 not (or no group), -errno. */
int cg_is_frozen(const char *const *names, size_t n, struct err *err);
/* Pids, as ctr sees them, of the whole subtree, ascending; malloced. 0 or -errno. */
int cg_procs(const char *const *names, size_t n, pid_t **ret, size_t *n_ret, struct err *err);
/* Removes the groups and all below them, killing what still runs: in a group with the mark only. One
 * that other processes live in is not the container's (cg_apply refused it) and is left alone.
 * Idempotent: what is not there is success. Names that do not lie in a cgroup file system are
 * refused. A scope goes by itself when its group is empty. -EBUSY after some 10 s. */
int cg_undo(const char *const *names, size_t n, struct err *err);

/* --- statistics: cgroups/stat.h; out-of-memory and pressure: cgroups/psi.h --- */
