/* SPDX-License-Identifier: Apache-2.0 */
/* Taking memory back from a group without killing anybody in it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/err.h"

struct cg_plan;

enum { CG_RECLAIM_MS = 10000 };

/* Gives back up to `bytes` of what the group holds; *ret_freed: how much it got smaller. On v1 there is
 * all or nothing: -ENOTSUP for anything but UINT64_MAX. */
int cg_reclaim(const char *const *names, size_t n, uint64_t bytes, uint64_t *ret_freed,
	       struct err *err);

/* v2, before a limit of memory is lowered (memory.max kills what does not fit): memory.high first, which
 * only slows down and reclaims, until the group fits or the deadline has passed. -EBUSY then, with the
 * old memory.high back. Does nothing where the plan lowers nothing. On v1 the kernel itself refuses. */
int cg_make_room(const struct cg_plan *plan, int ms, struct err *err);
/* --- a loop that keeps groups as small as they can be without feeling it ------------------------- */

/* What was seen of a group at one turn. */
struct cg_turn {
	uint64_t memory;      /* bytes */
	uint64_t protected_;  /* memory.low: not to be taken */
	uint64_t stalled_us;  /* memory.pressure, some, since the last turn */
	uint64_t interval_us; /* since the last turn */
};
/* Pure: how much to take back now. Nothing while more than a thousandth of the time was spent waiting
 * for memory; the nearer to that, the less; at most a hundredth of what it holds. */
uint64_t cg_reclaim_step(const struct cg_turn *t);
