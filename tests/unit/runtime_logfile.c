/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "runtime/logfile.h"
#include "tests/lib/test.h"

TEST(log_parse_takes_records_apart)
{
	static const char line[] = "2026-01-02T03:04:05.012345678Z stderr P a b";
	struct log_record r;

	MUST(log_parse(line, sizeof(line) - 1, &r));
	CHECK_INT(r.stamp_len, 30);
	CHECK(r.is_err && !r.ends_line);
	CHECK_INT(r.len, 3);
	CHECK(memcmp(r.text, "a b", 3) == 0);
	MUST(log_parse("T stdout F ", 11, &r));
	CHECK(!r.is_err && r.ends_line && r.len == 0);
}

TEST(log_parse_refuses_what_is_no_record)
{
	static const char *const bad[] = {
		"", "x", "T stdout", "T stdout X a", "T stdin F a", "T stdoutF a", " "};
	struct log_record r;

	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(!log_parse(bad[i], strlen(bad[i]), &r));
}

static void check(const char *text, const char *want)
{
	char buf[LOG_STAMP_MAX];
	struct err err = {0};

	CHECK_INT(log_moment(text, 1767323045, buf, &err), 0);
	CHECK_STR(buf, want);
}

TEST(log_moment_reads_all_forms)
{
	check("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000000Z");
	check("2026-01-02T03:04:05.25Z", "2026-01-02T03:04:05.250000000Z");
	check("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05.000000000Z");
	check("2026-01-02", "2026-01-02T00:00:00.000000000Z");
	check("1767323045", "2026-01-02T03:04:05.000000000Z");
	check("1h4m5s", "2026-01-02T02:00:00.000000000Z");
	check("1d", "2026-01-01T03:04:05.000000000Z");
}

TEST(log_moment_refuses_the_rest)
{
	static const char *const bad[] = {"",  "yesterday", "10", "2026-01-02T03:04:05X",
					  "m", "10x"};
	char buf[LOG_STAMP_MAX];

	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct err err = {0};
		if (i != 2) /* ten seconds after the beginning of time */
			CHECK_INT(log_moment(bad[i], 0, buf, &err), -EINVAL);
	}
}
