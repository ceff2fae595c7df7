/* SPDX-License-Identifier: Apache-2.0 */
/* Processes of a group and of all below, inside of cgroups/. */
#pragma once

#include "cgroups/cgroup.h"

struct cg_pids {
	pid_t *v; /* ascending */
	size_t n;
};
/* Groups that vanish meanwhile have no processes. 0 or -errno. */
int cg_pids_below(const char *dir, struct cg_pids *ret);
/* The same for their threads. */
int cg_threads_below(const char *dir, bool is_v1, struct cg_pids *ret);
bool cg_pids_have(const struct cg_pids *, pid_t);
void cg_pids_clear(struct cg_pids *);

/* The directory that knows all processes of the container: v2's, or the first one. NULL: none. */
const char *cg_main_dir(const char *const *names, size_t n);
