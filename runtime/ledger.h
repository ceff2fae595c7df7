/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger: what every container has used, for good. One file a month of JSON lines
 * (runtime/usage.schema.json), only ever appended to:
 *
 *     /var/lib/ctr/usage/2026-11.jsonl
 *
 * A container is noted when it is looked at (`ctr usage`), and for the last time when it has ended and
 * its groups are about to be removed. Each record holds the sums since the container's making, so the
 * last one counts and a lost one costs nothing but its moment. A line is one write: a crash of ctr
 * loses or tears none but its own; what a power cut tears is skipped by readers and does not damage
 * the next line.
 *
 * Nothing is synced at a container's end: that is 2.5 ms, more than its whole start. `ctr usage` syncs
 * what it adds and all before it, so run by a timer it bounds what a power cut takes to its interval
 * (or to the kernel's own write-back of half a minute, if that is shorter). */
#pragma once

#include <stdbool.h>

#include "cgroups/oom.h"
#include "runtime/container.h"
#include "runtime/usage.h"

/* Where things are kept that outlive a boot: /var/lib/ctr, a user's $XDG_DATA_HOME/ctr, or ROOT/.lib
 * beside containers that --root has put elsewhere. In the arena. */
const char *ledger_state_dir(const char *root, struct arena *mem);

/* It runs; it has ended and stays; it has ended and is removed next. */
enum ledger_moment { LEDGER_RUNS, LEDGER_ENDED, LEDGER_REMOVED };

/* Notes what the container has used by now, after its end for the last time. A container without
 * groups leaves no note. */
int ledger_note(const struct container *c, enum ledger_moment moment, struct err *err);
/* The same at its end, where a failure is a warning in the log. */
void ledger_note_end(const struct container *c, enum ledger_moment moment);
/* All that was noted so far is on the disk. */
int ledger_sync(const char *root, struct err *err);

/* Calls `each` for every record in the order of the file names, then of the lines. Torn lines are
 * skipped and counted in *ret_torn. The record lives during the call. */
int ledger_read(const char *root, int (*each)(void *ctx, const struct usage *), void *ctx,
		unsigned *ret_torn, struct err *err);

/* --- pure ---------------------------------------------------------------------------------------*/

/* A container's share of the ledger. */
struct ledger_entry {
	struct usage last, before; /* before: the last one older than `since`; id NULL: none */
};
struct ledger_fold {
	const char *since; /* RFC 3339; NULL: all time */
	struct ledger_entry *v;
	size_t n;
	uint32_t *index; /* a hash table of places in v, plus 1 */
	size_t n_index;
	struct arena mem;
};
void ledger_add(struct ledger_fold *f, const struct usage *u);
/* What was used since then: last minus before. */
struct usage ledger_spent(const struct ledger_entry *e);
void ledger_fold_clear(struct ledger_fold *f);

/* Memory by time: before is when it was looked at last, with `memory` bytes then (or never: 0 and the
 * making). While it runs, what is between two looks is their mean. Behind the end there is nothing to
 * be seen any more: what was last seen stands for the rest, and the peak when it never was. */
struct ledger_look {
	uint64_t ns, memory;
	double byte_seconds;
	bool has_looked, has_ended;
};
double ledger_byte_seconds(const struct ledger_look *before, uint64_t ns, uint64_t memory,
			   uint64_t peak, bool ended);

/* A death as it was noted; in the arena. */
void ledger_death(const struct usage_death *d, struct arena *mem, struct cg_death *ret);
