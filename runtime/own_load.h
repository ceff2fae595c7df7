/* SPDX-License-Identifier: Apache-2.0 */
/* The container's own load averages (--own-size), as the kernel makes the machine's: every 5 s the
 * number of tasks that run, wait for a processor or wait for a disk goes into three averages that fade
 * over 1, 5 and 15 minutes (kernel/sched/loadavg.c). All of it is pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/str.h"

enum {
	OWN_LOAD_PERIOD_MS = 5000,
	OWN_LOAD_SIZE =
		64, /* of /proc/loadavg's text: always the same, so that nobody reads half of it */
};

struct own_load {
	uint64_t average[3]; /* in 2048ths */
	int64_t at_ms;       /* on the monotonic clock: when they were last made; 0: never */
};

/* What is so after `now_ms`, with so many tasks active: as many steps as periods have gone by. The first
 * call begins with nothing. */
void own_load_step(struct own_load *l, size_t active, int64_t now_ms);

/* As the kernel writes it, filled up with blanks. last: the newest process id. */
void own_load_text(const struct own_load *l, size_t running, size_t total, uint64_t last,
		   struct str *out);

/* "AVERAGE AVERAGE AVERAGE AT\n": what is kept from one step to the next. A text that is no such thing
 * is a beginning. */
void own_load_keep(const struct own_load *l, struct str *out);
void own_load_parse(const char *text, struct own_load *ret);
