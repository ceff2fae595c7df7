/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <time.h>

#include "runtime/base/clock.h"
#include "runtime/base/str.h"
#include "tests/lib/test.h"

TEST(clock_text_knows_leap_years_and_centuries)
{
	char buf[CLOCK_TEXT_MAX];

	CHECK_STR(clock_text(buf, 0, CLOCK_WHOLE), "1970-01-01T00:00:00Z");
	CHECK_STR(clock_text(buf, 951782399, CLOCK_WHOLE), "2000-02-28T23:59:59Z");
	CHECK_STR(clock_text(buf, 951782400, CLOCK_WHOLE), "2000-02-29T00:00:00Z");
	CHECK_STR(clock_text(buf, 4107542399, CLOCK_WHOLE), "2100-02-28T23:59:59Z");
	CHECK_STR(clock_text(buf, 4107542400, CLOCK_WHOLE), "2100-03-01T00:00:00Z");
	CHECK_STR(clock_text(buf, 1, 12), "1970-01-01T00:00:01.000000012Z");
	CHECK_STR(clock_text(buf, -5, CLOCK_WHOLE), "1970-01-01T00:00:00Z");
}

TEST(clock_text_agrees_with_libc_on_every_day_of_two_centuries)
{
	char buf[CLOCK_TEXT_MAX], want[CLOCK_TEXT_MAX];

	for (time_t t = 0; t < (time_t)86400 * 366 * 200; t += 86400 + 37) {
		struct tm tm;
		strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
		MUST(str_eq(clock_text(buf, t, CLOCK_WHOLE), want));
	}
}
