/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "runtime/ledger.h"
#include "tests/lib/test.h"

static struct usage record(const char *id, const char *created, const char *time, uint64_t cpu)
{
	return (struct usage){.id = id,
			      .created = created,
			      .time = time,
			      .cpu_ns = cpu,
			      .memory_byte_seconds = 2 * cpu};
}

static void add(struct ledger_fold *f, const char *id, const char *created, const char *time,
		uint64_t cpu)
{
	struct usage u = record(id, created, time, cpu);

	ledger_add(f, &u);
}

TEST(ledger_the_last_record_counts)
{
	auto_(ledger_fold) struct ledger_fold f = {0};

	add(&f, "web", "t1", "2026-01-01", 10);
	add(&f, "web", "t1", "2026-01-02", 30);
	add(&f, "web", "t2", "2026-01-03", 5); /* the same name, another container */
	MUST(f.n == 2);
	CHECK_INT((long long)ledger_spent(&f.v[0]).cpu_ns, 30);
	CHECK_INT((long long)ledger_spent(&f.v[1]).cpu_ns, 5);
	CHECK_STR(f.v[1].last.created, "t2");
}

TEST(ledger_since)
{
	auto_(ledger_fold) struct ledger_fold f = {.since = "2026-01-02"};

	add(&f, "web", "t1", "2026-01-01T10:00:00Z", 10);
	add(&f, "web", "t1", "2026-01-01T11:00:00Z", 12);
	add(&f, "web", "t1", "2026-01-02T00:00:00Z", 30);
	add(&f, "db", "t1", "2026-01-03T00:00:00Z", 7);
	MUST(f.n == 2);
	CHECK_INT((long long)ledger_spent(&f.v[0]).cpu_ns, 18);
	CHECK_INT((long long)ledger_spent(&f.v[0]).memory_byte_seconds, 36);
	CHECK_INT((long long)ledger_spent(&f.v[1]).cpu_ns, 7);
}

TEST(ledger_many_containers)
{
	auto_(ledger_fold) struct ledger_fold f = {0};
	char id[32];

	for (int round = 1; round <= 2; round++)
		for (int i = 0; i < 1000; i++) {
			snprintf(id, sizeof(id), "c%d", i);
			add(&f, id, "t", "2026-01-01", (uint64_t)i * (uint64_t)round);
		}
	MUST(f.n == 1000);
	for (int i = 0; i < 1000; i++)
		CHECK(f.v[i].last.cpu_ns == (uint64_t)i * 2);
}

TEST(ledger_memory_by_time)
{
	struct ledger_look never = {.ns = 1000000000};
	struct ledger_look seen = {
		.ns = 2000000000, .memory = 100, .byte_seconds = 50, .has_looked = true};

	/* Running: from nothing at the beginning, and then the mean of two looks. */
	CHECK(ledger_byte_seconds(&never, 3000000000, 100, 400, false) == 100);
	CHECK(ledger_byte_seconds(&seen, 4000000000, 300, 400, false) == 450);
	/* Ended: what was seen last, or the peak. */
	CHECK(ledger_byte_seconds(&never, 3000000000, 0, 400, true) == 800);
	CHECK(ledger_byte_seconds(&seen, 4000000000, 0, 400, true) == 250);
	/* A clock that was set back takes nothing away. */
	CHECK(ledger_byte_seconds(&seen, 1000000000, 300, 400, false) == 50);
}

TEST(ledger_death_words)
{
	auto_(arena) struct arena mem = {0};
	struct usage_stat stat = {.key = "anon", .value = 7};
	struct usage_death d = {.cause = "ancestor",
				.kills = 2,
				.when = "2026",
				.task = "hog",
				.group = "/acme",
				.stats = &stat,
				.n_stats = 1};
	struct cg_death got;

	ledger_death(&d, &mem, &got);
	CHECK_INT(got.cause, CG_OOM_ANCESTOR);
	CHECK_INT((long long)got.kills, 2);
	CHECK(got.is_in_log && got.n_stats == 1);
	CHECK_STR(got.group, "/acme");
	d.cause = "of a version to come";
	d.when = NULL;
	ledger_death(&d, &mem, &got);
	CHECK_INT(got.cause, CG_OOM_UNKNOWN);
	CHECK(!got.is_in_log);
}
