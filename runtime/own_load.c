/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "runtime/own_load.h"

/* The kernel's fixed point: 11 bits behind the point, and exp(-5 s / 1, 5 and 15 minutes). */
enum { SHIFT = 11, ONE = 1 << SHIFT, AVERAGES = 3, STEPS_MAX = 4096 };
static const uint64_t fade[AVERAGES] = {1884, 2014, 2037};

static uint64_t average(uint64_t load, uint64_t exp, uint64_t active)
{
	uint64_t sum = load * exp + active * (ONE - exp);

	/* Rounded up on the way up, so that it gets there. */
	return (sum + (active >= load ? ONE - 1 : 0)) / ONE;
}

void own_load_step(struct own_load *l, size_t active, int64_t now_ms)
{
	int64_t steps =
		l->at_ms ? (now_ms - l->at_ms + OWN_LOAD_PERIOD_MS / 2) / OWN_LOAD_PERIOD_MS : 0;

	/* A clock that was set back is that of another boot. */
	if (!l->at_ms || now_ms + OWN_LOAD_PERIOD_MS < l->at_ms) {
		*l = (struct own_load){.at_ms = now_ms};
		return;
	}
	l->at_ms += steps * OWN_LOAD_PERIOD_MS;
	for (int64_t i = 0; i < steps && i < STEPS_MAX; i++)
		for (int k = 0; k < AVERAGES; k++)
			l->average[k] = average(l->average[k], fade[k], (uint64_t)active * ONE);
}

void own_load_text(const struct own_load *l, size_t running, size_t total, uint64_t last,
		   struct str *out)
{
	size_t before = out->len;

	for (int k = 0; k < AVERAGES; k++) {
		uint64_t n = l->average[k] + ONE / 200; /* to the nearest hundredth */
		str_addf(out, "%" PRIu64 ".%02" PRIu64 " ", n >> SHIFT,
			 ((n & (ONE - 1)) * 100) >> SHIFT);
	}
	str_addf(out, "%zu/%zu %" PRIu64, running, total, last);
	while (out->len - before < OWN_LOAD_SIZE - 1)
		str_add_char(out, ' ');
	str_add_char(out, '\n');
}

void own_load_keep(const struct own_load *l, struct str *out)
{
	str_addf(out, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 "\n", l->average[0],
		 l->average[1], l->average[2], l->at_ms);
}

void own_load_parse(const char *text, struct own_load *ret)
{
	struct own_load l;

	if (sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNd64, &l.average[0],
		   &l.average[1], &l.average[2], &l.at_ms) != 4 ||
	    l.at_ms < 0)
		l = (struct own_load){0};
	*ret = l;
}
