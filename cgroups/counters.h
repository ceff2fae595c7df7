/* SPDX-License-Identifier: Apache-2.0 */
/* The beancounters of a group: for each resource what is held, the most that ever was, where the
 * kernel begins to press, where it refuses, and how often it had to. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/err.h"
#include "runtime/base/mem.h"

enum cg_unit { CG_BYTES, CG_COUNT, CG_MILLICPUS };
enum cg_column { CG_HELD, CG_PEAK, CG_SOFT, CG_HARD, CG_FAILS, CG_COLUMNS };

struct cg_counter {
	const char *resource; /* "memory", "processes", … */
	enum cg_unit unit;
	unsigned has;               /* bit i: the kernel tells value[i] */
	uint64_t value[CG_COLUMNS]; /* UINT64_MAX: no limit */
};

/* names: as recorded. Rows of resources that the kernel counts for this group, in the arena; returns
 * how many, or -errno when the groups are gone. */
int cg_counters(const char *const *names, size_t n, struct arena *mem, struct cg_counter **ret,
		struct err *err);

/* v1 and hugetlb write "no limit" as a number of pages that is out of reach: UINT64_MAX then. */
uint64_t cg_unlimited(uint64_t n);
/* "max 100000" or "50000 100000" (cpu.max): thousandths of a CPU, UINT64_MAX without a limit. */
uint64_t cg_millicpus(const char *text);
