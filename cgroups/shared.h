/* SPDX-License-Identifier: Apache-2.0 */
/* Groups that other groups live in: a tenant's part of every hierarchy. They have limits and no
 * processes of their own, and outlive the containers below. */
#pragma once

#include "cgroups/cgroup.h"

/* Pure, as cg_plan: the groups at the absolute `path`, with these limits. `mark`: whose they are. */
int cg_plan_shared(const char *path, const char *mark, const struct config_resources *res,
		   const struct host *host, struct cg_plan *ret, struct err *err);
/* Makes what is missing and writes the limits; groups that are there already keep what is below. -EBUSY:
 * somebody else's. */
int cg_apply_shared(const struct cg_plan *, struct err *err);
/* Whether all of them are there, with the mark. */
bool cg_has_shared(const char *const *names, size_t n);
/* Removes them. -EBUSY while there is anything below. */
int cg_remove_shared(const char *const *names, size_t n, struct err *err);
/* Hands the v2 group over to a user, who may then make groups below it. -ENOTSUP on v1, where a group
 * that is not root's would be a way to root (CVE-2022-0492). */
int cg_delegate_shared(const struct cg_plan *, uid_t uid, struct err *err);
