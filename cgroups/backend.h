/* SPDX-License-Identifier: Apache-2.0 */
/* Carrying a plan out, inside of cgroups/. What differs between the two kinds of hierarchy is a
 * table of three functions; systemd, who makes some groups himself, is called by apply.c. */
#pragma once

#include "cgroups/cgroup.h"

struct cg_backend {
	/* Prepares a group whose directory is there: parents' values and controllers. */
	int (*prepare)(const struct cg_plan *, const struct cg_group *, const char *dir,
		       struct err *);
	/* Adds the way in to *h. */
	int (*open)(const char *dir, struct cg_handles *h, struct err *);
	/* Is it in use? -EBUSY with the reason. */
	int (*check_idle)(const char *dir, struct err *);
};
extern const struct cg_backend cg_v1, cg_v2;

/* v1.c: makes the list of exceptions the one of plan->devices. In an update nothing that is allowed
 * before and after is denied in between. */
int cg_v1_devices(const struct cg_plan *, const char *dir, bool is_new, struct err *err);
/* write.c: plan->writes, in order. */
int cg_write_all(const struct cg_plan *, struct err *err);
/* write.c: the same in a group that lives: when one is refused, those before it are taken back. */
int cg_write_or_restore(const struct cg_plan *, struct err *err);
/* write.c: only those with CG_REQUIRE. */
int cg_check_required(const struct cg_plan *, struct err *err);

/* systemd.c. Without libsystemd each is -ENOTSUP, code "needs-ext". */
int cg_systemd_check(struct err *err);
int cg_systemd_start(const struct cg_plan *, pid_t pid, struct err *err);
int cg_systemd_update(const struct cg_plan *, struct err *err);
