/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/str.h"
#include "runtime/own_size.h"
#include "tests/lib/test.h"

static const char meminfo[] = "MemTotal:       8000 kB\nMemFree:        3000 kB\n"
			      "MemAvailable:   6000 kB\nSwapTotal:      1000 kB\n"
			      "Hugepagesize:       2048 kB\n";

TEST(own_meminfo_is_the_limit)
{
	auto_(str) struct str out = {0};
	const struct own_size s = {.memory = 4000 << 10,
				   .used = 1000 << 10,
				   .cache = 400 << 10,
				   .swap = 100 << 10,
				   .swap_used = 30 << 10};

	own_meminfo(&s, meminfo, &out);
	CHECK_STR(out.p, "MemTotal:           4000 kB\nMemFree:            3000 kB\n"
			 "MemAvailable:       3400 kB\nBuffers:               0 kB\n"
			 "Cached:              400 kB\nSwapCached:            0 kB\n"
			 "SwapTotal:           100 kB\nSwapFree:             70 kB\n"
			 "CommitLimit:        4100 kB\nCommitted_AS:       1000 kB\n"
			 "Hugepagesize:       2048 kB\n");
}

TEST(own_meminfo_is_never_more_than_the_machine)
{
	auto_(str) struct str out = {0};
	const struct own_size s = {.memory = UINT64_MAX, .swap = UINT64_MAX};

	own_meminfo(&s, meminfo, &out);
	CHECK(strstr(out.p, "MemTotal:           8000 kB\n"));
	CHECK(strstr(out.p, "MemFree:            3000 kB\n"));
	CHECK(strstr(out.p, "SwapTotal:          1000 kB\n"));
}

TEST(own_processors)
{
	static const char stat[] = "cpu  11 22 33 44 55 66 77 88 99 100\n"
				   "cpu0 1 2 3 4 5 6 7 8 9 10\ncpu1 10 20 30 40 50 60 70 80 90 90\n"
				   "intr 5\nbtime 7\n";
	static const char info[] = "processor\t: 0\nx\n\nprocessor\t: 1\nx\n\n";
	auto_(str) struct str out = {0};
	struct own_size s = {.cpus = 1};

	own_stat(&s, stat, &out);
	CHECK_STR(out.p, "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\nintr 5\nbtime 7\n");
	out.len = 0;
	own_cpuinfo(&s, info, &out);
	CHECK_STR(out.p, "processor\t: 0\nx\n\n");
	s.cpus = 0;
	out.len = 0;
	own_stat(&s, stat, &out);
	CHECK_STR(out.p, stat);
	out.len = 0;
	own_cpuinfo(&s, info, &out);
	CHECK_STR(out.p, info);
	CHECK_INT(own_count("0-2,7"), 4);
	CHECK_INT(own_count("3"), 1);
	CHECK_INT(own_count(""), 0);
	CHECK_INT(own_count(NULL), 0);
}
