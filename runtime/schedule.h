/* SPDX-License-Identifier: Apache-2.0 */
/* How a process is scheduled: process.scheduler, process.ioPriority, linux.personality,
 * linux.memoryPolicy. Pure. */
#pragma once

#include "runtime/base/oplist.h"
#include "runtime/config/config.h"

int schedule_plan(const struct config_process *process, const struct config_linux *l,
		  struct oplist *ops, struct err *err);
