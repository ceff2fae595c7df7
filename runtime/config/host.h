/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about the machine, gathered once (runtime/probe) and then only read: planners take them
 * as a const argument, and tests make them up. Data only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* How control groups are mounted. HYBRID: v1 hierarchies hold the controllers, and a v2 hierarchy
 * without the useful ones is mounted beside them. */
enum cgroup_layout { CGROUP_NONE, CGROUP_V2, CGROUP_V1, CGROUP_HYBRID };

/* One mounted hierarchy. v2 has the name "". */
struct host_cgroup {
	char controllers[64]; /* "cpu,cpuacct", "name=systemd"; "" for v2 */
	char mountpoint[128]; /* absolute */
	char own[256];        /* the path of ctr's own process in it, from /proc/self/cgroup */
};

enum { HOST_CGROUPS_MAX = 20 };

struct host {
	uid_t euid;
	gid_t egid;
	bool in_userns;           /* ctr itself runs inside a user namespace */
	bool has_sys_resource;    /* CAP_SYS_RESOURCE in the effective set */
	uint64_t caps;            /* the permitted set: what ctr can give away */
	uint64_t ignored_signals; /* bit n - 1: signal n is ignored, and would be in a container */
	uint32_t kernel;          /* major << 16 | minor << 8 */
	bool has_apparmor, has_selinux;
	bool has_time_ns;
	uint64_t
		uptime; /* seconds since the machine booted, whatever ctr's own time namespace says */
	bool has_resctrl;  /* mounted on /sys/fs/resctrl */
	bool runs_systemd; /* /run/systemd/system is there */
	enum cgroup_layout layout;
	char v2_controllers[256]; /* " cpu memory … " of the v2 root, blank on both sides */
	struct host_cgroup cgroups[HOST_CGROUPS_MAX];
	unsigned n_cgroups;
};
