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

TEST(clock_read_takes_a_date_with_or_without_a_time)
{
	static const struct {
		const char *text, *rest;
		int64_t seconds;
		unsigned ns;
	} rows[] = {
		{"1970-01-02", "", 86400, 0},
		{"2000-02-29Z", "Z", 951782400, 0},
		{"2000-02-29T00:00:01+01:00", "+01:00", 951782401, 0},
		{"2000-02-29 00:01:00.25Z", "Z", 951782460, 250000000},
		{"2000-02-29T00:00:00.0123456789", "", 951782400, 12345678},
		{"2000-13-01", NULL, 0, 0},
		{"2000-02-29T24:00:00", NULL, 0, 0},
		{"2000-02-29T", NULL, 0, 0},
		{"951782400", NULL, 0, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int64_t seconds = 0;
		unsigned ns = 0;
		const char *rest = clock_read(rows[i].text, &seconds, &ns);
		CHECK_STR(rest ? rest : "none", rows[i].rest ? rows[i].rest : "none");
		CHECK(!rest || (seconds == rows[i].seconds && ns == rows[i].ns));
	}
}

TEST(clock_parse_wants_the_whole_of_it)
{
	uint64_t ns;

	CHECK(clock_parse("2000-02-29T00:00:01.5Z", &ns) == 0 && ns == 951782401500000000);
	CHECK(clock_parse("2000-02-29Z", &ns) < 0);
	CHECK(clock_parse("2000-02-29T00:00:01", &ns) < 0);
	CHECK(clock_parse("2000-02-29T00:00:01Z+", &ns) < 0);
}
