/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/counters.h"
#include "cgroups/oom.h"
#include "runtime/base/auto.h"
#include "tests/lib/test.h"

#define MEMCG(oom, task)                                                                              \
	"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,mems_allowed=0,oom_memcg=" oom \
	",task_memcg=" task ",task=tail,pid=42,uid=1000\n"
#define KILLED                                                                                       \
	"Memory cgroup out of memory: Killed process 42 (tail) total-vm:17984kB, anon-rss:15616kB, " \
	"file-rss:1340kB, shmem-rss:0kB, UID:0 pgtables:72kB oom_score_adj:0\n"
#define REPORT(t, stats, oom, task)                                                                \
	t " tail invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n" stats \
		t " " MEMCG(oom, task) t " " KILLED

static const char log_text[] =
	"1 unrelated\n" REPORT("1000000", "1000000 anon 111\n", "/other", "/other/x")
		REPORT("2000000",
		       "2000000 memory: usage 16384kB, limit 16384kB, failcnt 31\n"
		       "2000000 kmem: usage 8kB, limit 9007199254740988kB, failcnt 0\n"
		       "2000000 anon 8192\n2000000 shmem 16384\n2000000 total_shmem 20480\n"
		       "2000000 [  11869]     0 11869      648      377        0 sh\n",
		       "/ctr/acme", "/ctr/acme/web") "3000000 later\n";

static bool parse(const char *log, const char *path, uint64_t kills, struct arena *mem,
		  struct cg_death *ret)
{
	return cg_oom_parse(log, &(struct cg_oom_subject){path, kills, 1500000}, mem, ret);
}

TEST(oom_parse_finds_the_container)
{
	auto_(arena) struct arena mem = {0};
	struct cg_death d = {0};

	MUST(parse(log_text, "/ctr/acme/web", 1, &mem, &d));
	CHECK_INT(d.cause, CG_OOM_ANCESTOR);
	CHECK_INT(d.when_us, 2000000);
	CHECK_INT(d.pid, 42);
	CHECK_INT(d.uid, 1000);
	CHECK_STR(d.task, "tail");
	CHECK_STR(d.group, "/ctr/acme");
	CHECK_INT((long long)d.limit, 16384 * 1024);
	CHECK_INT((long long)d.anon_rss, 15616 * 1024);
	CHECK_INT((long long)d.n_stats, 5);
	CHECK_STR(d.stats[0].key, "usage:memory");
	CHECK_INT((long long)d.stats[0].value, 16384 * 1024);
	CHECK_STR(d.stats[2].key, "anon");
	CHECK_INT((long long)d.stats[2].value, 8192);
}

TEST(oom_parse_levels)
{
	auto_(arena) struct arena mem = {0};
	struct cg_death d = {0};

	/* The tenant itself, of which the container is a part. */
	MUST(parse(log_text, "/ctr/acme", 1, &mem, &d));
	CHECK_INT(d.cause, CG_OOM_OWN);
	CHECK(!parse(log_text, "/ctr/acme/we", 1, &mem, &d));
	CHECK(!parse(log_text, "/ctr/acme/web/below", 1, &mem, &d));
	CHECK(!parse("", "/ctr", 1, &mem, &d));
	static const char machine[] =
		"5 oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,"
		"global_oom,task_memcg=/ctr/acme/web,task=a b,c,pid=7,uid=0\n"
		"5 Out of memory: Killed process 7 (a b) total-vm:1kB, anon-rss:2kB";
	d = (struct cg_death){0};
	MUST(parse(machine, "/ctr/acme/web", 1, &mem, &d));
	CHECK_INT(d.cause, CG_OOM_MACHINE);
	CHECK_INT(d.pid, 7);
	CHECK_STR(d.group, "");
}

/* What the counters tell of a kill that the log is silent about. */
TEST(oom_guess)
{
	struct cg_oom_level levels[] = {
		{.dir = "/cg/ctr/acme/web", .limit = UINT64_MAX},
		{.dir = "/cg/ctr/acme", .limit = 4096, .fails = 3},
		{.dir = "/cg/ctr", .limit = UINT64_MAX, .fails = 9},
	};
	struct cg_death d = {.kills = 1, .levels = levels, .n_levels = 3};

	cg_oom_guess(&d, 3);
	CHECK_INT(d.cause, CG_OOM_ANCESTOR);
	CHECK_STR(d.group, "/ctr/acme");
	CHECK_INT((long long)d.limit, 4096);
	/* One of its own was reached too, which says more without v2's counter, and less beside it. */
	levels[0] = (struct cg_oom_level){.dir = "/cg/ctr/acme/web", .limit = 2048, .fails = 1};
	cg_oom_guess(&d, 3);
	CHECK_INT(d.cause, CG_OOM_OWN);
	CHECK_STR(d.group, "/ctr/acme/web");
	levels[1].ooms = 1;
	cg_oom_guess(&d, 3);
	CHECK_INT(d.cause, CG_OOM_ANCESTOR);
	CHECK_STR(d.group, "/ctr/acme");
	d.n_levels = 0;
	cg_oom_guess(&d, 3);
	CHECK_INT(d.cause, CG_OOM_UNKNOWN);
	CHECK(!d.group && !d.limit);
}

/* An earlier container of that name died, too. */
TEST(oom_parse_tells_namesakes_apart)
{
	static const char twice[] =
		REPORT("1000000", "", "/ctr/a", "/ctr/a") REPORT("2000000", "", "/ctr", "/ctr/a");
	auto_(arena) struct arena mem = {0};
	struct cg_death d = {0};

	MUST(parse(twice, "/ctr/a", 1, &mem, &d));
	CHECK_INT(d.when_us, 2000000);
	/* The clocks need not agree where nothing is in doubt. */
	MUST(parse(twice, "/ctr/a", 2, &mem, &d));
	CHECK_INT(d.when_us, 2000000);
	CHECK(cg_oom_parse(twice, &(struct cg_oom_subject){"/ctr/a", 2, 9000000}, &mem, &d));
	/* Of ours the log says nothing. */
	CHECK(!cg_oom_parse(twice, &(struct cg_oom_subject){"/ctr/a", 1, 9000000}, &mem, &d));
	CHECK(!cg_oom_parse(twice, &(struct cg_oom_subject){"/ctr/a", 1, 0}, &mem, &d));
}

TEST(oom_mostly)
{
	struct cg_oom_stat stats[] = {
		{"rss", 10}, {"shmem", 5}, {"total_shmem", 40}, {"usage:kmem", 3}};
	struct cg_death d = {.stats = stats, .n_stats = 4};

	CHECK_STR(cg_oom_mostly(&d),
		  "shared memory and files on tmpfs, which stay until they are removed");
	stats[3].value = 100;
	CHECK_STR(cg_oom_mostly(&d), "the kernel's: page tables, sockets, pipes, names of files");
	stats[0].value = 1000;
	CHECK_STR(cg_oom_mostly(&d), "the programs' own memory");
	d.n_stats = 0;
	CHECK_STR(cg_oom_mostly(&d), NULL);
}

TEST(counters_numbers)
{
	CHECK(cg_unlimited(9223372036854771712ULL) == UINT64_MAX);
	CHECK_INT((long long)cg_unlimited(4096), 4096);
	CHECK(cg_millicpus("max 100000") == UINT64_MAX);
	CHECK_INT((long long)cg_millicpus("150000 100000"), 1500);
	CHECK(cg_millicpus("1 0") == UINT64_MAX);
	CHECK(cg_millicpus("") == UINT64_MAX);
}
