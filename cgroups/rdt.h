/* SPDX-License-Identifier: Apache-2.0 */
/* Cache and memory bandwidth (linux.intelRdt): groups of resctrl, the kernel's file system for Intel's
 * RDT, AMD's QoS and Arm's MPAM (Documentation/filesystems/resctrl.rst). All names are directories
 * below its root; "" is the root itself, where every process begins. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "runtime/base/err.h"
#include "runtime/base/mem.h"
#include "runtime/base/str.h"
#include "runtime/config/config.h"
#include "runtime/config/host.h"

#define RDT_ROOT "/sys/fs/resctrl"

struct rdt_plan {
	const char **enter; /* groups that the container's processes enter, in this order */
	size_t n_enter;
	const char **owned; /* those that are made for it alone, to be removed in this order */
	size_t n_owned;
	bool must_exist;      /* enter[0] is made by somebody else */
	bool may_exist;       /* or perhaps is: then with exactly these lines */
	const char *schemata; /* lines for enter[0]; NULL: none */
};

/* Pure. Without linux.intelRdt *ret is empty. The texts live in `mem`. */
int rdt_plan(const struct config *cfg, const struct host *host, const char *id, struct arena *mem,
	     struct rdt_plan *ret, struct err *err);
/* Makes the groups below `root`. */
int rdt_apply(const struct rdt_plan *p, const char *root, struct err *err);
int rdt_enter(const char *const *groups, size_t n, const char *root, pid_t pid, struct err *err);
/* Removes groups; those that are gone are no error. */
int rdt_undo(const char *const *owned, size_t n, const char *root, struct err *err);
/* New limits for a group that exists (update). */
int rdt_write(const char *group, const char *lines, const char *root, struct err *err);
void rdt_print(struct str *out, const struct rdt_plan *p);
