/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "runtime/base/str.h"
#include "runtime/shares.h"
#include "tests/lib/test.h"

static const struct host v2 = {.layout = CGROUP_V2, .n_cgroups = 1, .cgroups = {{"", "/cg", "/"}}};
static const struct host v1 = {
	.layout = CGROUP_HYBRID,
	.n_cgroups = 4,
	.cgroups = {{"cpu,cpuacct", "/cg/cpu", "/"},
		    {"memory", "/cg/memory", "/"},
		    {"blkio", "/cg/blkio", "/"},
		    {"", "/cg/unified", "/"}},
};

/* The value of v2's file, or NULL. */
static const char *unified(const struct config_resources *res, const char *file)
{
	for (size_t i = 0; i < res->n_unified; i++)
		if (str_eq(res->unified[i].key, file))
			return res->unified[i].value;
	return NULL;
}

TEST(shares_on_v2)
{
	auto_(arena) struct arena mem = {0};
	struct share_flags f = {.cpu_weight = "250",
				.cpus = "1.5",
				.cpu_burst = "20000",
				.memory = "1g",
				.memory_min = "256m",
				.memory_high = "900m",
				.swap = "0",
				.zswap = "-1",
				.pids = "100",
				.io_weight = "300"};
	struct config_resources res = {0};
	struct tenant_shares s = {0};
	struct err err;

	words_add(&f.io_max, "8:0:rbps=1m,wiops=max", &mem);
	words_add(&f.io_latency, "8:0:50", &mem);
	MUST(shares_parse(&f, &mem, &s, &err) == 0);
	MUST(shares_resources(&s, &v2, &mem, &res, &err) == 0);
	CHECK_STR(unified(&res, "cpu.weight"), "250");
	CHECK_STR(unified(&res, "memory.min"), "268435456");
	CHECK_STR(unified(&res, "memory.high"), "943718400");
	CHECK_STR(unified(&res, "memory.swap.max"), "0");
	CHECK_STR(unified(&res, "memory.zswap.max"), "max");
	CHECK_STR(unified(&res, "io.latency"), "8:0 target=50000");
	CHECK_INT(res.cpu->quota, 150000);
	CHECK_INT((long long)res.cpu->period, 100000);
	CHECK_INT((long long)res.cpu->burst, 20000);
	CHECK_INT(res.memory->limit, 1 << 30);
	CHECK_INT(res.pids->limit, 100);
	CHECK_INT(res.block_io->weight, 300);
	MUST(res.block_io->n_throttle_read_bps_device == 1);
	CHECK_INT((long long)res.block_io->throttle_read_bps_device[0].rate, 1 << 20);
	MUST(res.block_io->n_throttle_write_iops_device == 1);
	CHECK_INT((long long)res.block_io->throttle_write_iops_device[0].rate, 0);
	CHECK_INT((long long)res.block_io->n_throttle_write_bps_device, 0);
}

TEST(shares_on_v1)
{
	auto_(arena) struct arena mem = {0};
	struct share_flags f = {
		.cpu_weight = "200", .memory = "1g", .swap = "512m", .memory_low = "256m"};
	struct config_resources res = {0};
	struct tenant_shares s = {0};
	struct err err;

	MUST(shares_parse(&f, &mem, &s, &err) == 0);
	MUST(shares_resources(&s, &v1, &mem, &res, &err) == 0);
	CHECK_INT((long long)res.cpu->shares, 2048);
	CHECK_INT(res.memory->swap, (1 << 30) + (512 << 20));
	CHECK_INT(res.memory->reservation, 256 << 20);
	CHECK_INT((long long)res.n_unified, 0);
}

static void refused_on_v1(struct share_flags f, const char *flag)
{
	auto_(arena) struct arena mem = {0};
	struct config_resources res = {0};
	struct tenant_shares s = {0};
	struct err err = {0};

	MUST(shares_parse(&f, &mem, &s, &err) == 0);
	CHECK_INT(shares_resources(&s, &v1, &mem, &res, &err), -ENOTSUP);
	CHECK(strncmp(err.msg, flag, strlen(flag)) == 0);
	CHECK_STR(err.code, "cgroup-unsupported");
}

TEST(shares_that_v1_has_not_are_refused_by_name)
{
	auto_(arena) struct arena mem = {0};
	struct share_flags latency = {0};

	refused_on_v1((struct share_flags){.memory_min = "1m"}, "--memory-min ");
	refused_on_v1((struct share_flags){.memory_high = "1m"}, "--memory-high ");
	refused_on_v1((struct share_flags){.zswap = "1m"}, "--zswap ");
	refused_on_v1((struct share_flags){.swap = "1m"}, "--swap ");
	words_add(&latency.io_latency, "8:0:10", &mem);
	refused_on_v1(latency, "--io-latency ");
}

TEST(shares_of_a_tenant_that_groups_below_would_not_be_held_to)
{
	auto_(arena) struct arena mem = {0};
	struct share_flags max = {0}, none = {0}, burst = {.cpu_burst = "1000"};
	struct tenant_shares s = {0};
	struct err err = {0};

	words_add(&max.io_max, "8:0:wbps=1m,rbps=max", &mem);
	MUST(shares_parse(&max, &mem, &s, &err) == 0);
	CHECK_INT(shares_check_tenant(&s, &v2, &err), 0);
	CHECK_INT(shares_check_tenant(&s, &v1, &err), -ENOTSUP);
	CHECK(strncmp(err.msg, "--io-max ", 9) == 0);
	words_add(&none.io_max, "8:0:wbps=max", &mem);
	MUST(shares_parse(&none, &mem, &s, &err) == 0);
	CHECK_INT(shares_check_tenant(&s, &v1, &err), 0);
	MUST(shares_parse(&burst, &mem, &s, &err) == 0);
	CHECK_INT(shares_check_tenant(&s, &v2, &err), -EINVAL);
	burst.cpus = "0.5";
	MUST(shares_parse(&burst, &mem, &s, &err) == 0);
	CHECK_INT(shares_check_tenant(&s, &v2, &err), 0);
	burst.cpus = "-1";
	MUST(shares_parse(&burst, &mem, &s, &err) == 0);
	CHECK_INT(shares_check_tenant(&s, &v2, &err), -EINVAL);
}

TEST(shares_idle_or_a_weight)
{
	auto_(arena) struct arena mem = {0};
	struct share_flags idle = {.cpu_idle = true}, weight = {.cpu_weight = "50"},
			   both = {.cpu_idle = true, .cpu_weight = "50"};
	struct config_resources res = {0};
	struct tenant_shares s = {0};
	struct err err = {0};

	CHECK_INT(shares_parse(&both, &mem, &s, &err), -EINVAL);
	MUST(shares_parse(&idle, &mem, &s, &err) == 0);
	CHECK(s.cpu_idle);
	MUST(shares_parse(&weight, &mem, &s, &err) == 0);
	MUST(shares_resources(&s, &v2, &mem, &res, &err) == 0);
	CHECK(res.cpu->has_idle && !res.cpu->idle);
	CHECK_STR(unified(&res, "cpu.weight"), "50");
}

static void wrong(struct share_flags f, const char *flag)
{
	auto_(arena) struct arena mem = {0};
	struct tenant_shares s = {0};
	struct err err = {0};

	CHECK_INT(shares_parse(&f, &mem, &s, &err), -EINVAL);
	CHECK(strncmp(err.msg, flag, strlen(flag)) == 0);
}

TEST(shares_wrong_values_name_the_flag)
{
	auto_(arena) struct arena mem = {0};
	struct share_flags io = {0}, latency = {0};

	wrong((struct share_flags){.cpu_weight = "0"}, "--cpu-weight");
	wrong((struct share_flags){.cpu_weight = "10001"}, "--cpu-weight");
	wrong((struct share_flags){.cpus = "0"}, "--cpus");
	wrong((struct share_flags){.cpus = "1.x"}, "--cpus");
	wrong((struct share_flags){.cpu_min = "x"}, "--cpu-min");
	wrong((struct share_flags){.cpu_burst = "x"}, "--cpu-burst");
	wrong((struct share_flags){.memory = "0"}, "--memory");
	wrong((struct share_flags){.memory_high = "many"}, "--memory-high");
	wrong((struct share_flags){.memory = "1m", .memory_min = "2m"}, "--memory-min");
	wrong((struct share_flags){.pids = "0"}, "--pids");
	wrong((struct share_flags){.io_weight = "9"}, "--io-weight");
	wrong((struct share_flags){.numa = "900"}, "--numa");
	words_add(&io.io_max, "8:0:speed=1", &mem);
	wrong(io, "--io-max");
	words_add(&latency.io_latency, "8:0:", &mem);
	wrong(latency, "--io-latency");
}
