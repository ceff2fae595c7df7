/* SPDX-License-Identifier: Apache-2.0 */
/* Limits, updates and statistics against the kernel. */
#include <poll.h>
#include <string.h>
#include <sys/mman.h>

#include "cgroups/psi.h"
#include "cgroups/stat.h"
#include "tests/unit/cgroups_box.h"

static struct config_memory memory = {.limit = 64 << 20};
static struct config_cpu cpu = {.shares = 512, .quota = 20000, .period = 50000, .cpus = "0"};
static struct config_pids pids = {.limit = 7, .has_limit = true};

TEST(limits_hybrid)
{
	struct host host;
	struct config_resources res = {.memory = &memory, .cpu = &cpu, .pids = &pids};
	auto_(box) struct box b = BOX;

	if (!hybrid_host(&host))
		SKIP("needs root and a hybrid host");
	memory.swap = 96 << 20;
	MUST(box_make(&b, &host, &res));
	CHECK_STR(value(&b, "memory", "memory.limit_in_bytes"), "67108864");
	CHECK_STR(value(&b, "memory", "memory.memsw.limit_in_bytes"), "100663296");
	CHECK_STR(value(&b, "cpu", "cpu.cfs_quota_us"), "20000");
	CHECK_STR(value(&b, "cpu", "cpu.cfs_period_us"), "50000");
	CHECK_STR(value(&b, "cpu", "cpu.shares"), "512");
	CHECK_STR(value(&b, "cpuset", "cpuset.cpus"), "0");
	const char *mems = value(&b, "cpuset", "cpuset.mems");
	CHECK(mems && *mems);
	CHECK_STR(value(&b, "pids", "pids.max"), "7");
	CHECK_INT((int)b.handles.n_tasks, 7); /* no freezer: v2 does that */
}

static int update(struct box *b, const struct config_resources *res)
{
	auto_(cg_plan) struct cg_plan plan = {0};

	b->err = (struct err){0};
	int r = cg_plan_update(res, b->plan.names, b->plan.n_names, &plan, &b->err);
	return r < 0 ? r : cg_update(&plan, &b->err);
}

static int update_memory(struct box *b, int64_t limit, int64_t swap, bool check)
{
	struct config_memory m = {.limit = limit, .swap = swap, .check_before_update = check};
	struct config_resources res = {.memory = &m};

	return update(b, &res);
}

TEST(limits_update_v1_in_both_directions)
{
	struct host host;
	struct config_resources res = {.memory = &memory, .cpu = &cpu};
	struct config_cpu period = {.period = 100000};
	struct config_resources only_period = {.cpu = &period};
	auto_(box) struct box b = BOX;

	if (!hybrid_host(&host))
		SKIP("needs root and a hybrid host");
	memory.swap = 96 << 20;
	MUST(box_make(&b, &host, &res));
	CHECK_INT(update_memory(&b, 256 << 20, 300 << 20, true), 0);
	CHECK_STR(value(&b, "memory", "memory.limit_in_bytes"), "268435456");
	CHECK_STR(value(&b, "memory", "memory.memsw.limit_in_bytes"), "314572800");
	CHECK_INT(update_memory(&b, 32 << 20, 32 << 20, true), 0);
	CHECK_STR(value(&b, "memory", "memory.memsw.limit_in_bytes"), "33554432");
	CHECK_INT(update_memory(&b, -1, 0, false), 0);
	CHECK_INT(update(&b, &only_period), 0);
	CHECK_STR(value(&b, "cpu", "cpu.cfs_quota_us"), "20000");
	CHECK_STR(value(&b, "cpu", "cpu.cfs_period_us"), "100000");
}

/* Touches more than it may have. */
static void hog(size_t bytes)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(98);
	for (size_t i = 0; i < bytes; i += 4096)
		((volatile char *)p)[i] = 1;
}

static void check_usage(struct box *b)
{
	auto_(cg_stats) struct cg_stats s = {0};

	MUST(cg_stats(b->plan.names, b->plan.n_names, &s, &b->err) == 0);
	CHECK(s.cpu.total > 0);
	CHECK_INT((long long)s.memory.usage.limit, 32 << 20);
	CHECK_INT((long long)s.pids.limit, 7);
	CHECK_INT((long long)s.pids.current, 0);
	CHECK(s.memory.n_raw > 10);
	CHECK(s.cpuset.cpus && *s.cpuset.cpus);
}

/* In a group of 32 MiB. */
static void check_out_of_memory(struct box *b)
{
	auto_(cg_oom) struct cg_oom oom = {.fd = -1, .source = -1};

	MUST(cg_oom_watch(b->plan.names, b->plan.n_names, &oom, &b->err) == 0);
	struct pollfd p = {.fd = oom.fd, .events = POLLIN};
	CHECK_INT(poll(&p, 1, 0), 0);
	pid_t pid = spawn(&b->handles);
	if (pid == 0) {
		hog(64 << 20);
		_exit(0);
	}
	CHECK_INT(status_of(pid), 128 + SIGKILL);
	CHECK_INT(poll(&p, 1, 5000), 1);
	CHECK(cg_oom_next(&oom) > 0);
	check_usage(b);
	box_run(b);
	CHECK_INT(update_memory(b, 4096, 0, true), -EBUSY);
	CHECK(strstr(b->err.msg, "nothing was changed"));
}

TEST(limits_v1_out_of_memory)
{
	struct host host;
	struct config_memory small = {.limit = 32 << 20, .swap = 32 << 20};
	struct config_resources res = {.memory = &small, .pids = &pids};
	auto_(box) struct box b = BOX;

	if (!hybrid_host(&host))
		SKIP("needs root and a hybrid host");
	MUST(box_make(&b, &host, &res));
	check_out_of_memory(&b);
	CHECK_STR(value(&b, "memory", "memory.limit_in_bytes"), "33554432");
}

/* Forks without end; its children too. */
static void bomb(void)
{
	signal(SIGCHLD, SIG_IGN);
	for (;;)
		if (fork() < 0)
			usleep(100);
}

TEST(limits_fork_bomb_dies)
{
	struct host host;
	struct config_pids many = {.limit = 60, .has_limit = true};
	struct config_resources res = {.pids = &many};
	auto_(box) struct box b = BOX;

	if (!v1_host(&host)) /* the hard way: no cgroup.kill */
		SKIP("needs root and cgroup v1");
	MUST(box_make(&b, &host, &res));
	pid_t pid = spawn(&b.handles);
	if (pid == 0)
		bomb();
	for (int i = 0; i < 200 && count_procs(&b) < 50; i++)
		usleep(10000);
	CHECK(count_procs(&b) >= 50 && count_procs(&b) <= 60);
	CHECK_INT(cg_kill(b.plan.names, b.plan.n_names, SIGKILL, &b.err), 0);
	CHECK_INT(status_of(pid), 128 + SIGKILL);
	CHECK_INT(cg_undo(b.plan.names, b.plan.n_names, &b.err), 0);
}

/* ---- v2 with its controllers: in the VM ---------------------------------------------------------- */

static bool full_v2_host(struct host *h)
{
	return v2_host(h) && strstr(h->v2_controllers, " memory ") &&
	       strstr(h->v2_controllers, " cpu ");
}

TEST(limits_v2)
{
	struct host host;
	struct config_memory m = {.limit = 64 << 20, .swap = 96 << 20, .reservation = 1 << 20};
	struct config_block_io io = {.weight = 500};
	struct config_resources res = {.memory = &m, .cpu = &cpu, .pids = &pids, .block_io = &io};
	struct config_cpu period = {.period = 100000}, quota = {.quota = -1};
	auto_(box) struct box b = BOX;

	if (!full_v2_host(&host))
		SKIP("needs root and cgroup v2 with its controllers");
	MUST(box_make(&b, &host, &res));
	CHECK_STR(value(&b, "", "memory.max"), "67108864");
	CHECK_STR(value(&b, "", "memory.low"), "1048576");
	CHECK_STR(value(&b, "", "memory.swap.max"), "33554432");
	CHECK_STR(value(&b, "", "cpu.max"), "20000 50000");
	CHECK_STR(value(&b, "", "cpu.weight"), "59");
	CHECK_STR(value(&b, "", "cpuset.cpus"), "0");
	CHECK_STR(value(&b, "", "pids.max"), "7");
	CHECK(strstr(value(&b, "", "cgroup.controllers"), "io"));
	res = (struct config_resources){.cpu = &period};
	CHECK_INT(update(&b, &res), 0);
	CHECK_STR(value(&b, "", "cpu.max"), "20000 100000");
	res.cpu = &quota;
	CHECK_INT(update(&b, &res), 0);
	CHECK_STR(value(&b, "", "cpu.max"), "max 100000");
}

TEST(limits_v2_out_of_memory)
{
	struct host host;
	struct config_memory small = {.limit = 32 << 20, .swap = 32 << 20};
	struct config_resources res = {.memory = &small, .pids = &pids};
	auto_(box) struct box b = BOX;

	if (!full_v2_host(&host))
		SKIP("needs root and cgroup v2 with its controllers");
	MUST(box_make(&b, &host, &res));
	check_out_of_memory(&b);
	CHECK_STR(value(&b, "", "memory.max"), "33554432");
}
