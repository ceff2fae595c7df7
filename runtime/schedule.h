/* SPDX-License-Identifier: Apache-2.0 */
/* How a process is scheduled: process.scheduler, process.ioPriority, linux.personality,
 * linux.memoryPolicy, process.execCPUAffinity. Planners, but for the one that says otherwise. */
#pragma once

#include "runtime/base/oplist.h"
#include "runtime/config/config.h"

/* process.execCPUAffinity: of ctr itself before it clones the executor, which inherits it; */
int schedule_first_cpus(const struct config_process *process, struct err *err);
/* and of the executor in its cgroup. */
int schedule_plan_cpus(const struct config_process *process, struct oplist *ops, struct err *err);

int schedule_plan(const struct config_process *process, const struct config_linux *l,
		  struct oplist *ops, struct err *err);

/* Whom it shares a processor's core and its pages with (runtime/shares.h): the container's first
 * process begins, and what exec adds belongs to it. */
void schedule_sharing(const struct config_kv *annotations, size_t n, bool is_init,
		      struct oplist *ops);
