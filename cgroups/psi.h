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

/* "When some (or all) tasks waited for it for `stall` of any `window`, wake me." */
struct cg_psi_trigger {
	const char *resource; /* cpu, memory, io */
	bool full;
	unsigned stall_us, window_us; /* a window of 500 ms to 10 s */
};
/* names: as recorded. A descriptor to poll for POLLPRI; POLLERR: the group is gone. At most one event a
 * window. -ENOTSUP: without cgroup v2, or without pressure accounting, the kernel does not know. */
int cg_psi_watch(const char *const *names, size_t n, const struct cg_psi_trigger *t,
		 struct err *err);

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
