/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about a machine written down, so that a plan can be made for another machine than this one
 * (`ctr plan --host FILE`; the golden plans are made so).
 *
 *     # a comment
 *     euid=1000
 *     kernel=6.1
 *     has_time_ns=yes
 *     uptime=172800
 *     layout=hybrid
 *     cgroup=cpu,cpuacct /sys/fs/cgroup/cpu,cpuacct /user.slice
 *     cgroup=v2 /sys/fs/cgroup/unified /user.slice
 *     v2_controllers=cpu memory
 *
 * A line is a member of struct host; `cgroup` adds a mounted hierarchy: its controllers, where it is
 * mounted, ctr's own group in it. What is not said is 0, no, or none. */
#pragma once

#include "runtime/base/err.h"
#include "runtime/config/host.h"

/* -EINVAL: names the line that is no such fact. */
int hostfile_parse(const char *text, struct host *ret, struct err *err);
