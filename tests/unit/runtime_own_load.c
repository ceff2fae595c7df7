/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/tasks.h"
#include "runtime/base/str.h"
#include "runtime/own_load.h"
#include "tests/lib/test.h"

static void text_is(const struct own_load *l, const char *want)
{
	auto_(str) struct str out = {0};

	own_load_text(l, 1, 5, 42, &out);
	CHECK_INT(out.len, OWN_LOAD_SIZE);
	CHECK(str_starts(out.p, want));
	CHECK_INT(out.p[OWN_LOAD_SIZE - 1], '\n');
}

static void go_on(struct own_load *l, size_t active, int steps)
{
	for (int i = 0; i < steps; i++)
		own_load_step(l, active, l->at_ms + OWN_LOAD_PERIOD_MS);
}

TEST(own_load_begins_with_nothing)
{
	struct own_load l = {0};

	own_load_step(&l, 7, 1000);
	CHECK_INT(l.at_ms, 1000);
	text_is(&l, "0.00 0.00 0.00 1/5 42 ");
}

/* The kernel's own figures for one task that never rests: exp(-1) is left after a minute. */
TEST(own_load_rises_and_fades_as_the_kernels)
{
	struct own_load l = {.at_ms = 1};

	go_on(&l, 1, 1);
	text_is(&l, "0.08 0.02 0.01 1/5 42 ");
	go_on(&l, 1, 11);
	text_is(&l, "0.63 0.18 0.06 1/5 42 ");
	go_on(&l, 1, 2000);
	text_is(&l, "1.00 1.00 1.00 1/5 42 ");
	go_on(&l, 0, 12);
	text_is(&l, "0.37 0.82 0.94 1/5 42 ");
	go_on(&l, 0, 3000);
	text_is(&l, "0.00 0.00 0.00 1/5 42 ");
}

TEST(own_load_counts_the_periods_that_went_by)
{
	struct own_load l = {.at_ms = 1000}, once = l;

	go_on(&l, 3, 4);
	own_load_step(&once, 3, 21300);
	CHECK_INT(once.at_ms, 21000);
	for (int i = 0; i < 3; i++)
		CHECK_INT(once.average[i], l.average[i]);
	/* Too early: nothing happens. */
	own_load_step(&once, 3, 23000);
	own_load_step(&once, 3, 20000);
	CHECK_INT(once.at_ms, 21000);
	CHECK_INT(once.average[0], l.average[0]);
	/* Hours are no loop without end; and a clock that was set back begins anew. */
	own_load_step(&once, 3, INT64_MAX / 4);
	text_is(&once, "3.00 3.00 3.00 ");
	own_load_step(&once, 3, 5);
	text_is(&once, "0.00 0.00 0.00 ");
}

TEST(own_load_is_kept)
{
	auto_(str) struct str text = {0};
	const struct own_load l = {{2048, 17, 3}, 123456};
	struct own_load back;

	own_load_keep(&l, &text);
	CHECK_STR(text.p, "2048 17 3 123456\n");
	own_load_parse(text.p, &back);
	CHECK(back.average[0] == 2048 && back.average[1] == 17 && back.average[2] == 3);
	CHECK_INT(back.at_ms, 123456);
	own_load_parse("2048 17", &back);
	CHECK(back.at_ms == 0 && back.average[0] == 0);
	own_load_parse("", &back);
	CHECK_INT(back.at_ms, 0);
}

TEST(own_load_task_states)
{
	CHECK_INT(cg_task_state("17 (sleep) S 1 2 3"), 'S');
	CHECK_INT(cg_task_state("17 (a) R (b) D 1 2 3"), 'D');
	CHECK_INT(cg_task_state("17 (sleep"), '?');
	CHECK_INT(cg_task_state(""), '?');
}
