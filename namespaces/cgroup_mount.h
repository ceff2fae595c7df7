/* SPDX-License-Identifier: Apache-2.0 */
/* A mount of type "cgroup": what a container sees at /sys/fs/cgroup. */
#pragma once

#include "namespaces/rootfs.h"

struct cgroup_mount {
	const char *dest;
	uint64_t attr; /* MOUNT_ATTR_* */
	bool is_private; /* the container has a cgroup namespace, so a new mount shows its part only */
	int16_t root, mount, target; /* slots */
};

/* v2: the one hierarchy. v1 and hybrid: a tmpfs with a mount for each controller, as hosts have it;
 * always read-only, since a writable release_agent runs programs on the host (CVE-2022-0492).
 * Without a cgroup namespace v2 is the host's own tree and v1 the container's groups, bound. */
int cgroup_mount_plan(const struct cgroup_mount *m, const struct host *host,
		      const struct rootfs_want *want, struct oplist *ops, struct err *err);
