/* SPDX-License-Identifier: Apache-2.0 */
/* What the parent does for a process in the making from outside, at its sync points: id maps,
 * cgroup, limits, hooks. Everything goes through the process's directory in /proc, opened after its
 * pidfd proved it alive. */
#pragma once

#include "cgroups/cgroup.h"
#include "runtime/hooks.h"
#include "runtime/plan.h"
#include "runtime/spawn.h"

struct outside {
	const struct config *cfg;
	const struct config_process *process;
	const struct host *host;
	const struct plan *plan;
	struct cg_handles *cgroup;
	struct hook_subject subject; /* for hooks */
	const struct state *record;  /* for the listener of a filter */
	pid_t init;                  /* of exec: the container's first process; else 0 */
};

/* A spawn_sync. Once the program was told to go, record and init are enough. */
int outside_sync(void *outside, enum sync_point point, struct spawn *s, struct chan_fds *reply,
		 struct err *err);
