/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces: which are new, which are joined, in what order the executor gets into them, and what
 * the parent has to do from outside. */
#pragma once

#include <stdbool.h>

#include "runtime/base/oplist.h"
#include "runtime/config/config.h"
#include "runtime/config/host.h"

enum { NS_KINDS = 8 };

struct ns_join {
	const char *path; /* in the config's memory */
	uint64_t flag;    /* CLONE_NEW* that the file must be of */
	int16_t slot;     /* inherited */
};

/* What happens outside the executor, beside its operations. */
struct ns_plan {
	uint64_t clone_flags; /* given to clone3 */
	uint64_t all;         /* new and joined: what a later exec must join */
	struct ns_join joins[NS_KINDS];
	unsigned n_joins;
	bool new_user; /* the parent writes id maps at SYNC_IDS */
	bool maps_ids; /* a user namespace of the container's own, new or joined */
	bool new_pid;  /* the first process is pid 1: its end ends all the others */
};

/* Decides; takes the inherited slots of the joined namespaces from `ops`. */
int ns_decide(const struct config *cfg, const struct host *host, struct ns_plan *ret,
	      struct oplist *ops, struct err *err);
/* Gets into them, as far as that can be done with the caller's identity: joins, then what could
 * not be made by clone3 already. */
void ns_plan_enter(const struct config *cfg, const struct ns_plan *ns, struct oplist *ops);
/* The cgroup namespace, once the process is in its cgroup. */
void ns_plan_cgroup(const struct ns_plan *ns, struct oplist *ops);
/* Takes the identity of the container's root where there is a user namespace. */
void ns_plan_ids(const struct config *cfg, const struct ns_plan *ns, struct oplist *ops);
/* Names, loopback, time. */
void ns_plan_names(const struct config *cfg, const struct ns_plan *ns, struct oplist *ops);

/* CLONE_NEW* of a type; its name in configs ("network"). */
uint64_t ns_flag(enum config_namespace_type type);
const char *ns_word(uint64_t flag);
/* Whether the config has a namespace of that kind, and whether it is new (no path). */
bool ns_has(const struct config *cfg, uint64_t flag);
/* Whether the container's user namespace will be one in which setgroups(2) is denied: an ordinary
 * user who maps only their own group must give it up (user_namespaces(7)). */
bool ns_denies_setgroups(const struct config *cfg, const struct host *host);
