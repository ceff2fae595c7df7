/* SPDX-License-Identifier: Apache-2.0 */
/* What tenants need, from what the ledger has seen of them: each alone at its busiest, and all
 * together, which is less, since they are not busy at the same time. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/mem.h"
#include "runtime/usage.h"

enum { CAPACITY_SLOT_S = 300 }; /* what is averaged over */

struct capacity;

struct capacity *capacity_new(void);
void capacity_free(struct capacity *);
static inline void capacity_clear(struct capacity **c)
{
	capacity_free(*c);
	*c = NULL;
}

/* Records in the order of their times. `ns`: u->time in nanoseconds since 1970. */
void capacity_add(struct capacity *c, const struct usage *u, uint64_t ns);

/* CPUs in thousandths, memory in bytes. */
struct capacity_need {
	const char *tenant; /* "-": nobody's; NULL: all together */
	uint64_t cpu, memory;
	size_t slots; /* in how many it was seen */
};
/* For each tenant the percentile (1 to 100: its peak) over the slots, and for all together in the last
 * one; how many. In the arena. */
size_t capacity_needs(const struct capacity *c, unsigned percentile, struct arena *mem,
		      struct capacity_need **ret);
