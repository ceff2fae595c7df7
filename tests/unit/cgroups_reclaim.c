/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/reclaim.h"
#include "tests/lib/test.h"

enum { SECOND = 1000000 };

static long long step(uint64_t memory, uint64_t kept, uint64_t stalled_us)
{
	const struct cg_turn t = {memory, kept, stalled_us, SECOND};

	return (long long)cg_reclaim_step(&t);
}

TEST(reclaim_takes_less_the_more_is_waited_for)
{
	CHECK_INT(step(1000000, 0, 0), 10000);
	CHECK_INT(step(1000000, 0, 500), 5000);
	CHECK_INT(step(1000000, 0, 1000), 0);
	CHECK_INT(step(1000000, 0, 900000), 0);
}

TEST(reclaim_leaves_what_is_protected)
{
	CHECK_INT(step(1000000, 995000, 0), 5000);
	CHECK_INT(step(1000000, 1000000, 0), 0);
	CHECK_INT(step(1000000, 2000000, 0), 0);
	CHECK_INT(step(0, 0, 0), 0);
}

TEST(reclaim_without_time_takes_nothing)
{
	const struct cg_turn t = {.memory = 1000000};

	CHECK_INT((long long)cg_reclaim_step(&t), 0);
}
