/* SPDX-License-Identifier: Apache-2.0 */
/* The container's own uptime (--own-size): a time namespace whose boot time is the container's start,
 * so that /proc/uptime, sysinfo(2), `ps` and the start times of its processes count from there. */
#pragma once

#include "runtime/base/mem.h"
#include "runtime/config/config.h"
#include "runtime/config/host.h"

/* Pure. Where the container wants its own size, *ret becomes `cfg` with a time namespace that began now
 * (host->uptime), and true is returned. Not where the config names a time namespace itself, the kernel
 * has none, or ctr may not set clocks: then the uptime stays what it would be. Lives in `mem` and
 * as long as cfg does. */
bool own_clock(const struct config *cfg, const struct host *host, struct arena *mem,
	       struct config *ret);

/* Pure: whole seconds of the boot time's offset in a text such as /proc/PID/timens_offsets. */
int64_t own_clock_offset(const char *text);

/* The same of a process; 0 where the kernel has no time namespaces. */
int64_t own_clock_offset_of(pid_t pid);
