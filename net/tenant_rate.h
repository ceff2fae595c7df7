/* SPDX-License-Identifier: Apache-2.0 */
/* One rate for all containers of a tenant together. Two links of kind ifb, one a direction, have the
 * token bucket, and below it queues that sort by priority (net/priority.h); what comes from and goes to a container's link makes a detour through them, on its way
 * in and out of the host's end, before anything else sees it. They are there as long as the tenant has
 * a member in a network: made with the first one, under the lock of the networks; removed with the
 * last. A tenant's tenants have the same ones. */
#pragma once

#include "net/netlink.h"
#include "net/store.h"
#include "net/wire_plan.h"

enum { RATE_LINK_MAX = 16 };
/* "ctr-i7001": for what containers receive, 'o' for what they send. Pure. */
const char *tenant_rate_link(const char *table, char direction, uint32_t tenant,
			     char ret[RATE_LINK_MAX]);

/* A member is recorded that has no link yet: makes what is missing. */
int tenant_rate_join(const struct nets *n, const struct wire_tenant *tenant, struct err *err);

/* The detour of a link that was just made; none where the tenant has no rate. */
int tenant_rate_enter(const struct nets *n, int sock, const struct wire_end *e, struct err *err);

/* The same of one that is there already: it has another priority. */
int tenant_rate_change(const struct nets *n, const struct wire_end *e, struct err *err);

/* A member left: with the last one they go. */
int tenant_rate_leave(const struct nets *n, uint32_t tenant, struct err *err);

/* Another rate, or none (0), for those that are there. */
int tenant_rate_set(const char *root, const struct wire_tenant *tenant, struct err *err);

/* Links that no tenant with members has: their names are added to *ret. */
int tenant_rate_strays(const struct nets *n, struct arena *mem, struct words *ret, struct err *err);
