/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "runtime/base/clock.h"
#include "runtime/capacity.h"
#include "tests/lib/test.h"

enum { MIB = 1 << 20 };
#define SECOND 1000000000ULL
#define SLOT (CAPACITY_SLOT_S * SECOND)
#define DAY (100 * SLOT)

static void look(struct capacity *c, const char *tenant, uint64_t at, uint64_t wall, uint64_t cpu,
		 uint64_t memory)
{
	const struct usage u = {.id = tenant,
				.created = "t",
				.tenant = tenant,
				.wall_ns = wall,
				.cpu_ns = cpu,
				.memory = memory,
				.memory_peak = memory};

	capacity_add(c, &u, DAY + at);
}

TEST(capacity_together_is_less_than_the_sum)
{
	auto_(capacity) struct capacity *c = capacity_new();
	auto_(arena) struct arena mem = {0};
	struct capacity_need *n;

	/* a is busy in the first slot, b in the second: one CPU each. */
	look(c, "a", SLOT, SLOT, SLOT, 100 * MIB);
	look(c, "b", SLOT, SLOT, 0, 0);
	look(c, "a", 2 * SLOT, 2 * SLOT, SLOT, 0);
	look(c, "b", 2 * SLOT, 2 * SLOT, SLOT, 100 * MIB);
	MUST(capacity_needs(c, 100, &mem, &n) == 3);
	CHECK_STR(n[0].tenant, "a");
	CHECK_INT((long long)n[0].cpu, 1000);
	CHECK_INT((long long)n[1].cpu, 1000);
	CHECK_INT((long long)n[0].memory, 100 * MIB);
	CHECK_STR(n[2].tenant, NULL);
	CHECK_INT((long long)n[2].cpu, 1000);
	CHECK_INT((long long)n[2].memory, 100 * MIB);
	CHECK_INT((long long)n[2].slots, 2);
}

TEST(capacity_spreads_what_lies_between_two_looks)
{
	auto_(capacity) struct capacity *c = capacity_new();
	auto_(arena) struct arena mem = {0};
	struct capacity_need *n;

	/* Half a slot, a whole one, half a slot: 2 CPUs all the time. */
	look(c, "a", 2 * SLOT + SLOT / 2, 2 * SLOT, 4 * SLOT, 64 * MIB);
	MUST(capacity_needs(c, 100, &mem, &n) == 2);
	CHECK_INT((long long)n[0].slots, 3);
	CHECK_INT((long long)n[0].cpu, 2000);
	CHECK_INT((long long)n[0].memory, 64 * MIB);
	capacity_needs(c, 50, &mem, &n);
	CHECK_INT((long long)n[0].cpu, 1000);
}

TEST(capacity_of_nothing)
{
	auto_(capacity) struct capacity *c = capacity_new();
	auto_(arena) struct arena mem = {0};
	struct capacity_need *n;

	MUST(capacity_needs(c, 99, &mem, &n) == 1);
	CHECK_INT((long long)n[0].cpu, 0);
	CHECK_INT((long long)n[0].slots, 0);
}

TEST(clock_reads_what_it_writes)
{
	static const int64_t moments[] = {0,          951782400,  951868800,
					  1709210096, 1795268621, 4102444799};
	char buf[CLOCK_TEXT_MAX];
	uint64_t ns;

	for (unsigned i = 0; i < sizeof(moments) / sizeof(*moments); i++) {
		clock_text(buf, moments[i], 12345);
		MUST(clock_parse(buf, &ns) == 0);
		CHECK(ns == (uint64_t)moments[i] * SECOND + 12345);
	}
	CHECK_INT(clock_parse("2026-11-21T13:00:00", &ns), -EINVAL);
	CHECK_INT(clock_parse("2026-13-21T13:00:00Z", &ns), -EINVAL);
	CHECK_INT(clock_parse("", &ns), -EINVAL);
}
