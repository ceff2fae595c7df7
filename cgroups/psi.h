/* SPDX-License-Identifier: Apache-2.0 */
/* Being short of something: pressure, and running out of memory. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/err.h"

/* A pressure file (Documentation/accounting/psi.rst). */
struct cg_pressure {
	double avg10, avg60, avg300; /* percent */
	uint64_t total;              /* microseconds */
};
struct cg_psi {
	bool is_known;
	struct cg_pressure some, full;
};
/* Pure. What the text doesn't say stays 0. */
void cg_psi_parse(const char *text, struct cg_psi *ret);
/* DIR/FILE; unknown when it cannot be read (no PSI in this kernel, or v1). */
void cg_psi_read(const char *dir, const char *file, struct cg_psi *ret);

/* Waiting for the OOM killer in a container's memory group. */
struct cg_oom {
	int fd;         /* poll it for POLLIN, then call cg_oom_next */
	int source;     /* kept open for the kernel's sake */
	uint64_t kills; /* v2: those before now */
};
/* names: as recorded. -ENOTSUP without a memory controller. The caller clears *ret. */
int cg_oom_watch(const char *const *names, size_t n, struct cg_oom *ret, struct err *err);
/* After POLLIN: how many times it struck since the last call; -ENODEV when the group is gone. */
int cg_oom_next(struct cg_oom *);
void cg_oom_clear(struct cg_oom *);
/* Whether it has struck in that container's group so far. */
bool cg_oom_struck(const char *const *names, size_t n);
