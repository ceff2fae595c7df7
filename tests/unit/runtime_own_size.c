/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/str.h"
#include "runtime/own_clock.h"
#include "runtime/own_size.h"
#include "runtime/shares.h"
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
	s.booted_later = 100;
	out.len = 0;
	own_stat(&s, stat, &out);
	CHECK(strstr(out.p, "\nbtime 107\n"));
	s.booted_later = 0;
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

TEST(own_loadavg_is_the_machines_without_a_group)
{
	auto_(str) struct str out = {0};
	struct own_size s = {.running = 2, .tasks = 3, .last_pid = 9, .load = {.average = {2048}}};

	own_loadavg(&s, "9.00 9.00 9.00 1/100 77\n", &out);
	CHECK_STR(out.p, "9.00 9.00 9.00 1/100 77\n");
	out.len = 0;
	s.has_tasks = true;
	own_loadavg(&s, "9.00 9.00 9.00 1/100 77\n", &out);
	CHECK(str_starts(out.p, "1.00 0.00 0.00 2/3 9 "));
}

TEST(own_inner_pid)
{
	static const char init[] = "Name:\tsh\nNSpid:\t900\t1\nNSpgid:\t900\t1\n";

	CHECK_INT(own_inner_pid(init, "Name:\tx\nNSpid:\t950\t7\nNSpgid:\t1\n"), 7);
	/* It has made a namespace itself. */
	CHECK_INT(own_inner_pid(init, "Name:\tx\nNSpid:\t950\t7\t1\nNSpgid:\t1\n"), 7);
	/* None of its own. */
	CHECK_INT(own_inner_pid("Name:\tx\nNSpid:\t900\n", "Name:\tx\nNSpid:\t950\n"), 950);
	CHECK_INT(own_inner_pid(init, ""), 0);
	CHECK_INT(own_inner_pid("", init), 0);
}

/* ---- the clock -------------------------------------------------------------------------------- */

#define CLOCK_OF(...)                                                                              \
	(struct config)                                                                            \
	{                                                                                          \
		.annotations = yes, .n_annotations = 1, .linux_ = &(struct config_linux)           \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

TEST(own_clock_begins_now)
{
	auto_(arena) struct arena mem = {0};
	struct config_kv yes[] = {{SHARES_OWN_SIZE, "true"}};
	struct config_namespace user[] = {{.type = CONFIG_NAMESPACE_TYPE_USER}},
				joined[] = {{.type = CONFIG_NAMESPACE_TYPE_USER, .path = "/u"}},
				own[] = {{.type = CONFIG_NAMESPACE_TYPE_TIME}};
	const struct host root = {.caps = ~0ULL, .has_time_ns = true, .uptime = 1000};
	const struct host nobody = {.euid = 5, .has_time_ns = true, .uptime = 1000};
	const struct host weak = {.has_time_ns = true, .uptime = 1000};
	const struct host old = {.caps = ~0ULL, .uptime = 1000};
	struct config cfg = CLOCK_OF(.n_namespaces = 0), with;

	CHECK(own_clock(&cfg, &root, &mem, &with));
	CHECK_INT(with.linux_->n_namespaces, 1);
	CHECK_INT(with.linux_->namespaces[0].type, CONFIG_NAMESPACE_TYPE_TIME);
	CHECK_INT(with.linux_->n_time_offsets, 1);
	CHECK_STR(with.linux_->time_offsets[0].key, "boottime");
	CHECK_INT(with.linux_->time_offsets[0].secs, -1000);
	CHECK_INT(cfg.linux_->n_namespaces, 0);
	/* Not by who may not set it, nor where there is none. */
	CHECK(!own_clock(&cfg, &nobody, &mem, &with));
	CHECK(!own_clock(&cfg, &weak, &mem, &with));
	CHECK(!own_clock(&cfg, &old, &mem, &with));
	cfg = CLOCK_OF(.namespaces = user, .n_namespaces = 1);
	CHECK(own_clock(&cfg, &nobody, &mem, &with));
	CHECK_INT(with.linux_->n_namespaces, 2);
	cfg = CLOCK_OF(.namespaces = joined, .n_namespaces = 1);
	CHECK(!own_clock(&cfg, &nobody, &mem, &with));
	/* What the config says itself holds. */
	cfg = CLOCK_OF(.namespaces = own, .n_namespaces = 1);
	CHECK(!own_clock(&cfg, &root, &mem, &with));
	cfg.n_annotations = 0;
	cfg.linux_->n_namespaces = 0;
	CHECK(!own_clock(&cfg, &root, &mem, &with));
	cfg.linux_ = NULL;
	CHECK(!own_clock(&cfg, &root, &mem, &with));
}

TEST(own_clock_offset)
{
	CHECK_INT(own_clock_offset(
			  "monotonic           3         0\nboottime         -898         0\n"),
		  -898);
	CHECK_INT(own_clock_offset("boottime 12 0\n"), 12);
	CHECK_INT(own_clock_offset(""), 0);
}
