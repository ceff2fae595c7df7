/* SPDX-License-Identifier: Apache-2.0 */
/* A tenant: somebody on this machine, with a part of it. On disk a record (tenant.schema.json), in the
 * kernel a group "/ctr/NAME" in every hierarchy that its containers' groups lie below, to the outside
 * a range of ids that is nobody else's, and a policy of what its containers may ask for. Tenants may
 * nest: "acme/web" has a part of what acme has.
 *
 *     /var/lib/ctr/tenants/acme/tenant.json      the record
 *     /var/lib/ctr/tenants/acme/web/tenant.json  of a tenant of the tenant
 *     /var/lib/ctr/tenants/.ids                  the first id that was never given away
 *     /var/lib/ctr/tenants/.users/1000           a link to the name of the tenant of that user
 *
 * Whoever changes one holds the lock of the directory: admission looks at all of them. */
#pragma once

#include <stdbool.h>

#include "cgroups/cgroup.h"
#include "runtime/base/err.h"
#include "runtime/base/words.h"
#include "runtime/shares.h"

/* The annotation by which OCI callers name one: podman run --annotation io.ctr.tenant=acme */
#define TENANT_ANNOTATION "io.ctr.tenant"

struct tenants {
	struct arena mem;
	const char *root; /* of the containers */
	const char *dir;
	int dir_fd;        /* locked if asked for */
	struct tenant **v; /* in byte order of their names, so that parents come first */
	size_t n;
};

/* All of them. A missing directory is none, unless `lock`, which makes it. */
int tenants_open(const char *root, bool lock, struct tenants *ret, struct err *err);
void tenants_clear(struct tenants *t);
struct tenant *tenants_find(const struct tenants *t, const char *name);
/* The tenant of that UNIX user, or NULL. */
struct tenant *tenants_of_user(const struct tenants *t, uid_t uid);

/* Gives a new one an id range, admits it, writes its record and makes its groups. -EEXIST. */
int tenant_create(struct tenants *t, struct tenant *new, const struct host *host, struct err *err);
/* The same for changes of one that is there: on failure the old limits and record are back. */
int tenant_change(struct tenants *t, struct tenant *new, const struct host *host, struct err *err);
/* -EBUSY while it has containers or tenants. Its ids are not given away again. */
int tenant_remove(struct tenants *t, const char *name, struct err *err);
/* Makes the groups of a tenant and of those above it, where they are missing (after a boot). */
int tenant_ensure(const struct tenants *t, const char *name, const struct host *host,
		  struct err *err);

/* --- joining ------------------------------------------------------------------------------------*/

/* What puts a container into a tenant: named by a flag or annotation, or NULL; the user's own tenant
 * wins, and another one's is refused. Checks the policy and the reservations, ensures the groups,
 * and sets linux.cgroupsPath. *ret_name: in mem; NULL: nobody's. */
struct tenant_guest {
	const char *root, *id;
	const char *name; /* of the tenant, as it was asked for; NULL: not */
	uint64_t disk;    /* most that it writes to a disk of its own; 0: it has none */
	bool in_memory;   /* its writable layer is not on disk */
	int *lock;        /* gets a lock that is to be kept until its record is there, where that
			   * matters to others; NULL: it is there already */
};
int tenant_join(const struct tenant_guest *guest, const struct host *host, struct config *cfg,
		struct arena *mem, const char **ret_name, struct err *err);

/* What the containers of a tenant and of those below it may write to their disks together, but for the
 * one of that id. */
uint64_t tenant_disk_given(const char *root, const char *tenant, const char *but);
/* Whether it or one above it has a limit of that; */
bool tenant_disk_limits(const struct tenants *t, const char *name);
/* and whether the guest fits into all of them. -EPERM: it says no size; -ENOSPC, code "oversold". */
int tenant_disk_admit(const struct tenants *t, const char *name, const struct tenant_guest *guest,
		      bool is_readonly, struct err *err);

/* The ids of the user namespaces of a tenant's containers. None (count 0) without a tenant, and of one
 * that is allowed host-ids: theirs are the host's. What is wrong with the name tenant_join says. */
struct id_range; /* namespaces/idmap.h */
int tenant_ids(const char *root, const char *name, struct id_range *ret, struct err *err);

/* How its containers' networks know it: want->tenant; 0 without a tenant. -EPERM: the policy does not
 * allow what is wanted. */
struct wire_tenant; /* net/wire_plan.h */
struct wire_want;
int tenant_wire(const char *root, const char *name, struct wire_want *want, struct err *err);
struct wire_tenant tenant_as_wire(const struct tenants *all, const struct tenant *t);
/* Whether its network namespace is made for it, and so holds nothing that is not ctr's. */
bool tenant_has_own_network(const struct config *cfg);

struct container;
/* Whether the policy of the container's tenant, if it has one, lets such a process in. */
int tenant_check_exec(const struct container *c, const struct config_process *p, struct err *err);
/* The same of a priority (net/priority.h) for what it sends. */
int tenant_check_priority(const struct container *c, uint32_t priority, struct err *err);
/* Whether it, and what the tenant has reserved, let the container's limits become such. */
int tenant_check_update(const struct container *c, const struct config_resources *res,
			struct err *err);

/* --- pure ---------------------------------------------------------------------------------------*/

/* Lower case letters, digits, '-' and '_', parts separated by '/'. -EINVAL. */
int tenant_check_name(const char *name, struct err *err);
/* "acme" of "acme/web"; NULL at the top. In the arena. */
const char *tenant_parent(const char *name, struct arena *mem);
const char *tenant_group(const char *name, struct arena *mem); /* "/ctr/acme" */

/* What there is to be shared out. */
struct tenant_machine {
	uint64_t memory; /* bytes that may be reserved */
	uint64_t cpus;   /* thousandths */
};
/* Whether `new` fits beside the others (an older record of the same name does not count): no
 * reservation is promised twice. -ENOSPC, code "oversold", says what is left of what, and who has it. */
int tenant_admit(struct tenant *const *all, size_t n, const struct tenant *new,
		 const struct tenant_machine *m, struct err *err);

/* Whether a container of the tenant may be as cfg says. -EPERM, code "tenant-policy", names the first
 * thing that it may not ask for, and the word that would allow it. */
int tenant_allows(const struct tenant *t, const struct config *cfg, const char *root,
		  const char *id, struct err *err);
/* Whether it is one of the files that every container is given, of the host's or of those that
 * are kept for it and for its networks. */
bool tenant_is_own_mount(const struct config_mount *m, const char *root, const char *id);
/* The same for a process that exec adds. */
int tenant_allows_process(const struct tenant *t, const struct config_process *p, struct err *err);
/* The same for limits that are changed. */
int tenant_allows_resources(const struct tenant *t, const struct config_resources *res,
			    struct err *err);
/* Whether that word is allowed. */
bool tenant_may(const struct tenant *t, const char *word);
/* Whether it is one of the words of --allow; -EINVAL lists them. */
int tenant_check_allow(const char *word, struct err *err);
/* Whether its containers may have that priority (net/priority.h): -EPERM. */
int tenant_allows_priority(const struct tenant *t, uint32_t priority, struct err *err);
