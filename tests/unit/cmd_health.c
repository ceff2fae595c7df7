/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/health.h"
#include "tests/lib/test.h"

TEST(health_is_judged_by_failures_in_a_row)
{
	struct health h = {0};

	health_judge(&h, 1, false, 3);
	CHECK_STR(h.word, "starting");
	CHECK_INT(h.failures, 1);
	health_judge(&h, 0, false, 3);
	CHECK_STR(h.word, "healthy");
	CHECK_INT(h.failures, 0);
	health_judge(&h, 1, false, 3);
	health_judge(&h, 137, false, 3);
	CHECK_STR(h.word, "healthy");
	health_judge(&h, -1, false, 3);
	CHECK_STR(h.word, "unhealthy");
	CHECK_INT(h.failures, 3);
	health_judge(&h, 0, false, 3);
	CHECK_STR(h.word, "healthy");
}

TEST(health_does_not_count_early_failures)
{
	struct health h = {0};

	for (int i = 0; i < 5; i++)
		health_judge(&h, 1, true, 1);
	CHECK_STR(h.word, "starting");
	CHECK_INT(h.failures, 0);
	health_judge(&h, 0, true, 1);
	CHECK_STR(h.word, "healthy");
	health_judge(&h, 1, true, 1); /* it was well once: that time is over */
	CHECK_STR(h.word, "unhealthy");
}
