/* SPDX-License-Identifier: Apache-2.0 */
/* Plans as text, on made-up hosts. */
#include <stdio.h>
#include <string.h>

#include "cgroups/builder.h"
#include "cgroups/cgroup.h"
#include "runtime/base/auto.h"
#include "tests/lib/test.h"

static const struct host v2 = {
	.layout = CGROUP_V2,
	.v2_controllers = " cpuset cpu io memory hugetlb pids rdma ",
	.n_cgroups = 1,
	.cgroups = {{"", "/sys/fs/cgroup", "/user.slice/s.scope"}},
};
static const struct host hybrid = {
	.layout = CGROUP_HYBRID,
	.v2_controllers = " hugetlb ",
	.n_cgroups = 6,
	.cgroups = {{"cpu,cpuacct", "/cg/cpu", "/"},
		    {"cpuset", "/cg/cpuset", "/"},
		    {"memory", "/cg/memory", "/own"},
		    {"devices", "/cg/devices", "/"},
		    {"net_cls,net_prio", "/cg/net", "/"},
		    {"", "/cg/unified", "/"}},
};
static const struct host v1 = {
	.layout = CGROUP_V1,
	.runs_systemd = true,
	.n_cgroups = 4,
	.cgroups = {{"blkio", "/cg/blkio", "/"},
		    {"freezer", "/cg/freezer", "/"},
		    {"pids", "/cg/pids", "/"},
		    {"name=systemd", "/cg/systemd", "/"}},
};

/* The plan's lines that begin with `word` ("write", "name", …), or the error. In a static buffer. */
static const char *plan_lines(const struct config *cfg, const struct host *host,
			      const struct cg_want *want, const char *word)
{
	static char out[8192];
	auto_(cg_plan) struct cg_plan plan = {0};
	auto_(str) struct str text = {0};
	struct err err = {0};
	size_t len = 0;

	if (cg_plan(cfg, host, want, &plan, &err) < 0) {
		snprintf(out, sizeof(out), "%s", err.msg);
		return out;
	}
	cg_print(&text, &plan);
	*out = '\0';
	for (char *rest = text.p, *line; (line = strsep(&rest, "\n"));)
		if (str_starts(line, "cgroup ") && str_starts(line + 7, word))
			len += (size_t)snprintf(out + len, sizeof(out) - len, "%s\n",
						line + 7 + strlen(word) + 1);
	return out;
}

static const char *writes(const struct config_resources *res, const struct host *host)
{
	struct config_resources copy = *res;
	struct config_linux lx = {.cgroups_path = "/c", .resources = &copy};
	struct config cfg = {.linux_ = &lx};

	return plan_lines(&cfg, host, &(struct cg_want){.id = "web"}, "write");
}

/* Writes, or the error, for one object of linux.resources on one host. */
#define CHECK_WRITES(host_, member_, object_, want_)                                               \
	do {                                                                                       \
		__typeof__(*(struct config_resources){0}.member_) object = object_;                \
		struct config_resources res = {.member_ = &object};                                \
		CHECK_STR(writes(&res, host_), want_);                                             \
	} while (0)
#define OBJ(...)                                                                                   \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

TEST(plan_memory_v2)
{
	CHECK_WRITES(&v2, memory,
		     OBJ(.limit = 4096, .swap = 8192, .reservation = -1, .has_limit = true),
		     ":/sys/fs/cgroup/c memory.swap.max = 4096  # linux.resources.memory.swap\n"
		     ":/sys/fs/cgroup/c memory.max = 4096  # linux.resources.memory.limit\n"
		     ":/sys/fs/cgroup/c memory.low = max  # linux.resources.memory.reservation\n");
	CHECK_WRITES(&v2, memory, OBJ(.limit = -1),
		     ":/sys/fs/cgroup/c memory.swap.max = max [optional]  # "
		     "linux.resources.memory.swap\n"
		     ":/sys/fs/cgroup/c memory.max = max  # linux.resources.memory.limit\n");
	CHECK_WRITES(&v2, memory, OBJ(.limit = 5, .swap = 5),
		     ":/sys/fs/cgroup/c memory.swap.max = 0 [optional]  # "
		     "linux.resources.memory.swap\n"
		     ":/sys/fs/cgroup/c memory.max = 5  # linux.resources.memory.limit\n");
	CHECK_WRITES(&v2, memory, OBJ(.limit = 5, .swap = -1),
		     ":/sys/fs/cgroup/c memory.swap.max = max [optional]  # "
		     "linux.resources.memory.swap\n"
		     ":/sys/fs/cgroup/c memory.max = 5  # linux.resources.memory.limit\n");
	CHECK_WRITES(&v2, memory, OBJ(.limit = 0, .has_limit = true), "");
}

TEST(plan_memory_refuses)
{
	CHECK_WRITES(&v2, memory, OBJ(.limit = 9, .swap = 8),
		     "linux.resources.memory.swap counts memory and swap together: 8 is below "
		     "memory.limit, which is 9");
	CHECK_WRITES(&v2, memory, OBJ(.swap = 8),
		     "linux.resources.memory.swap: memory+swap needs a memory limit too");
	CHECK_WRITES(&v2, memory, OBJ(.swappiness = 101, .has_swappiness = true),
		     "linux.resources.memory.swappiness: expected 0 to 100, not 101");
	CHECK_WRITES(&v1, memory, OBJ(.limit = 9),
		     "linux.resources.memory.limit cannot be enforced: this host has no memory "
		     "controller");
}

TEST(plan_memory_v1)
{
	CHECK_WRITES(&hybrid, memory, OBJ(.limit = 4096, .swap = 8192, .check_before_update = true),
		     "memory:/cg/memory/c memory.usage_in_bytes = 4096 [require]  # "
		     "linux.resources.memory.limit\n"
		     "memory:/cg/memory/c memory.limit_in_bytes = 4096 [swap]  # "
		     "linux.resources.memory.limit\n"
		     "memory:/cg/memory/c memory.memsw.limit_in_bytes = 8192  # "
		     "linux.resources.memory.swap\n");
	CHECK_WRITES(&hybrid, memory, OBJ(.limit = -1),
		     "memory:/cg/memory/c memory.limit_in_bytes = -1 [swap]  # "
		     "linux.resources.memory.limit\n"
		     "memory:/cg/memory/c memory.memsw.limit_in_bytes = -1 [optional]  # "
		     "linux.resources.memory.swap\n");
	CHECK_WRITES(&hybrid, memory,
		     OBJ(.swappiness = 0, .has_swappiness = true, .disable_oom_killer = true),
		     "memory:/cg/memory/c memory.swappiness = 0  # "
		     "linux.resources.memory.swappiness\n"
		     "memory:/cg/memory/c memory.oom_control = 1  # "
		     "linux.resources.memory.disableOOMKiller\n");
}

TEST(plan_shares_to_weight)
{
	static const struct {
		uint64_t shares;
		unsigned weight;
	} points[] = {{0, 1},          {1, 1},          {2, 1},       {3, 2},
		      {10, 4},         {100, 17},       {512, 59},    {1024, 100},
		      {2048, 174},     {4096, 303},     {10000, 627}, {100000, 4340},
		      {262143, 10000}, {262144, 10000}, {-1UL, 10000}};

	for (size_t i = 0; i < sizeof(points) / sizeof(*points); i++)
		CHECK_INT(cg_weight_of_shares(points[i].shares), points[i].weight);
}

TEST(plan_cpu_v2)
{
	CHECK_WRITES(&v2, cpu, OBJ(.shares = 1024, .quota = 50000, .period = 200000),
		     ":/sys/fs/cgroup/c cpu.weight = 100  # linux.resources.cpu.shares\n"
		     ":/sys/fs/cgroup/c cpu.max = 50000 200000  # linux.resources.cpu.quota\n");
	CHECK_WRITES(&v2, cpu, OBJ(.quota = 50000),
		     ":/sys/fs/cgroup/c cpu.max = 50000  # linux.resources.cpu.quota\n");
	CHECK_WRITES(&v2, cpu, OBJ(.period = 50000),
		     ":/sys/fs/cgroup/c cpu.max = 50000 [keep-first]  # "
		     "linux.resources.cpu.period\n");
	CHECK_WRITES(&v2, cpu, OBJ(.quota = -1, .period = 1000),
		     ":/sys/fs/cgroup/c cpu.max = max 1000  # linux.resources.cpu.quota\n");
	CHECK_WRITES(&v2, cpu, OBJ(.shares = 9, .idle = 1, .has_idle = true),
		     ":/sys/fs/cgroup/c cpu.idle = 1  # linux.resources.cpu.idle\n");
	CHECK_WRITES(&v2, cpu, OBJ(.quota = 9, .burst = 8, .has_burst = true),
		     ":/sys/fs/cgroup/c cpu.max = 9 [swap]  # linux.resources.cpu.quota\n"
		     ":/sys/fs/cgroup/c cpu.max.burst = 8  # linux.resources.cpu.burst\n");
	CHECK_WRITES(&v2, cpu, OBJ(.cpus = "0-1", .mems = "0"),
		     ":/sys/fs/cgroup/c cpuset.cpus = 0-1  # linux.resources.cpu.cpus\n"
		     ":/sys/fs/cgroup/c cpuset.mems = 0  # linux.resources.cpu.mems\n");
}

TEST(plan_cpu_refuses)
{
	CHECK_WRITES(&v2, cpu, OBJ(.quota = 9, .burst = 10, .has_burst = true),
		     "linux.resources.cpu.burst: 10 is above cpu.quota");
	CHECK_WRITES(&v2, cpu, OBJ(.idle = 2, .has_idle = true),
		     "linux.resources.cpu.idle: expected 0 or 1, not 2");
	CHECK_WRITES(&v2, cpu, OBJ(.cpus = "0\n1"),
		     "linux.resources.cpu.cpus: expected a list as 0-3,7, not \"0\n1\"");
	CHECK_WRITES(&v2, cpu, OBJ(.realtime_runtime = 1),
		     "linux.resources.cpu.realtimeRuntime cannot be enforced: cgroup v2 has no "
		     "limits for real-time tasks");
}

TEST(plan_cpu_v1)
{
	CHECK_WRITES(&hybrid, cpu,
		     OBJ(.shares = 7, .quota = -1, .period = 9, .realtime_runtime = 5,
			 .realtime_period = 6),
		     "cpu,cpuacct:/cg/cpu/c cpu.shares = 7  # linux.resources.cpu.shares\n"
		     "cpu,cpuacct:/cg/cpu/c cpu.cfs_period_us = 9 [swap]  # "
		     "linux.resources.cpu.period\n"
		     "cpu,cpuacct:/cg/cpu/c cpu.cfs_quota_us = -1  # linux.resources.cpu.quota\n"
		     "cpu,cpuacct:/cg/cpu/c cpu.rt_period_us = 6 [swap]  # "
		     "linux.resources.cpu.realtimePeriod\n"
		     "cpu,cpuacct:/cg/cpu/c cpu.rt_runtime_us = 5  # "
		     "linux.resources.cpu.realtimeRuntime\n");
}

TEST(plan_pids)
{
	CHECK_WRITES(&v2, pids, OBJ(.limit = 128, .has_limit = true),
		     ":/sys/fs/cgroup/c pids.max = 128  # linux.resources.pids.limit\n");
	CHECK_WRITES(&v1, pids, OBJ(.limit = -1, .has_limit = true),
		     "pids:/cg/pids/c pids.max = max  # linux.resources.pids.limit\n");
	CHECK_WRITES(&v1, pids, OBJ(.limit = 0, .has_limit = true),
		     "pids:/cg/pids/c pids.max = 1  # linux.resources.pids.limit\n");
	CHECK_WRITES(&v2, pids, OBJ(.limit = 0), "");
	CHECK_WRITES(&hybrid, pids, OBJ(.limit = 5, .has_limit = true),
		     "linux.resources.pids.limit cannot be enforced: this host has no pids "
		     "controller");
}

TEST(plan_soft_pids_only_warn)
{
	struct config_pids pids = {.limit = 512, .has_limit = true};
	struct config_resources res = {.pids = &pids};
	struct config_linux lx = {.resources = &res};
	struct config cfg = {.linux_ = &lx};
	struct cg_want want = {.id = "web", .soft_pids = true};

	CHECK_STR(plan_lines(&cfg, &hybrid, &want, "warning"),
		  "linux.resources.pids.limit is not enforced: this host has no pids controller\n");
	CHECK_STR(plan_lines(&cfg, &hybrid, &want, "write"), "");
	CHECK_STR(plan_lines(&cfg, &v2, &want, "warning"), "");
}

TEST(plan_block_io)
{
	struct config_throttle_device t = {.major = 8, .minor = 16, .rate = 1000};
	struct config_throttle_device none = {.major = 8, .minor = 0};
	struct config_weight_device w = {.major = 8, .minor = 0, .weight = 1000};

	CHECK_WRITES(&v2, block_io,
		     OBJ(.weight = 10, .weight_device = &w, .n_weight_device = 1,
			 .throttle_read_bps_device = &t, .n_throttle_read_bps_device = 1,
			 .throttle_write_iops_device = &none, .n_throttle_write_iops_device = 1),
		     ":/sys/fs/cgroup/c io.bfq.weight = 10 [else-next]  # "
		     "linux.resources.blockIO.weight\n"
		     ":/sys/fs/cgroup/c io.weight = 1  # linux.resources.blockIO.weight\n"
		     ":/sys/fs/cgroup/c io.bfq.weight = 8:0 1000 [else-next]  # "
		     "linux.resources.blockIO.weightDevice\n"
		     ":/sys/fs/cgroup/c io.weight = 8:0 10000  # "
		     "linux.resources.blockIO.weightDevice\n"
		     ":/sys/fs/cgroup/c io.max = 8:16 rbps=1000  # "
		     "linux.resources.blockIO.throttleReadBpsDevice\n"
		     ":/sys/fs/cgroup/c io.max = 8:0 wiops=max  # "
		     "linux.resources.blockIO.throttleWriteIOPSDevice\n");
	CHECK_WRITES(&v1, block_io,
		     OBJ(.leaf_weight = 20, .throttle_write_bps_device = &t,
			 .n_throttle_write_bps_device = 1),
		     "blkio:/cg/blkio/c blkio.leaf_weight = 20  # "
		     "linux.resources.blockIO.leafWeight\n"
		     "blkio:/cg/blkio/c blkio.throttle.write_bps_device = 8:16 1000  # "
		     "linux.resources.blockIO.throttleWriteBpsDevice\n");
	CHECK_WRITES(
		&v2, block_io, OBJ(.leaf_weight = 20),
		"linux.resources.blockIO.leafWeight cannot be enforced: only the CFQ scheduler "
		"had leaf weights");
	CHECK_WRITES(&v2, block_io, OBJ(.weight = 9),
		     "linux.resources.blockIO.weight: expected 10 to 1000, not 9");
}

TEST(plan_hugepages)
{
	struct config_hugepage_limit good = {.page_size = "2MB", .limit = 7};
	struct config_hugepage_limit bad = {.page_size = "../x", .limit = 7};
	struct config_resources res = {.hugepage_limits = &good, .n_hugepage_limits = 1};

	/* On this hybrid host v2 has the controller: the limit goes where it is. */
	CHECK_STR(writes(&res, &hybrid),
		  ":/cg/unified/c hugetlb.2MB.max = 7  # linux.resources.hugepageLimits\n"
		  ":/cg/unified/c hugetlb.2MB.rsvd.max = 7 [optional]  # "
		  "linux.resources.hugepageLimits\n");
	CHECK_STR(writes(&res, &v1), "linux.resources.hugepageLimits cannot be enforced: this host "
				     "has no hugetlb controller");
	res.hugepage_limits = &bad;
	CHECK_STR(writes(&res, &v2),
		  "linux.resources.hugepageLimits: expected a page size as 2MB, not \"../x\"");
}

TEST(plan_network_and_rdma)
{
	struct config_interface_priority prio = {.name = "lo", .priority = 3};
	struct config_rdma rdma = {.key = "mlx5_0", .hca_handles = 2, .has_hca_handles = true};
	struct config_resources only_rdma = {.rdma = &rdma, .n_rdma = 1};

	CHECK_WRITES(&hybrid, network,
		     OBJ(.class_id = 0x100001, .priorities = &prio, .n_priorities = 1),
		     "net_cls,net_prio:/cg/net/c net_cls.classid = 1048577  # "
		     "linux.resources.network.classID\n"
		     "net_cls,net_prio:/cg/net/c net_prio.ifpriomap = lo 3  # "
		     "linux.resources.network.priorities\n");
	CHECK_WRITES(&v2, network, OBJ(.class_id = 1),
		     "linux.resources.network.classID cannot be enforced: this host has no net_cls "
		     "controller");
	CHECK_STR(writes(&only_rdma, &v2),
		  ":/sys/fs/cgroup/c rdma.max = mlx5_0 hca_handle=2  # linux.resources.rdma\n");
	rdma.has_hca_handles = false;
	CHECK_STR(writes(&only_rdma, &v2),
		  "linux.resources.rdma.mlx5_0: expected hcaHandles, hcaObjects or both");
}

static const char *unified(const char *key, const char *value, const struct host *host)
{
	struct config_kv kv = {.key = key, .value = value};
	struct config_resources res = {.unified = &kv, .n_unified = 1};

	return writes(&res, host);
}

TEST(plan_unified)
{
	CHECK_STR(unified("memory.high", "77", &v2),
		  ":/sys/fs/cgroup/c memory.high = 77  # linux.resources.unified.memory.high\n");
	CHECK_STR(unified("io.max", "8:0 rbps=1\n\n8:1 rbps=2\n", &v2),
		  ":/sys/fs/cgroup/c io.max = 8:0 rbps=1  # linux.resources.unified.io.max\n"
		  ":/sys/fs/cgroup/c io.max = 8:1 rbps=2  # linux.resources.unified.io.max\n");
	CHECK_STR(unified("cgroup.max.depth", "3", &v2),
		  ":/sys/fs/cgroup/c cgroup.max.depth = 3  # "
		  "linux.resources.unified.cgroup.max.depth\n");
	CHECK_STR(unified("../x.y", "1", &v2),
		  "linux.resources.unified: \"../x.y\" is not the name of a cgroup v2 file");
	CHECK_STR(unified("memory", "1", &v2),
		  "linux.resources.unified: \"memory\" is not the name of a cgroup v2 file");
	CHECK_STR(unified("cgroup.procs", "1", &v2),
		  "linux.resources.unified: \"cgroup.procs\" is not a limit");
	CHECK_STR(unified("misc.max", "1", &v2),
		  "linux.resources.unified.misc.max cannot be enforced: this host has no misc "
		  "controller");
	CHECK_STR(
		unified("memory.high", "77", &hybrid),
		"linux.resources.unified.memory.high cannot be enforced: its controller is mounted "
		"as cgroup v1 on this host");
}

TEST(plan_groups_of_each_layout)
{
	struct config_linux lx = {.cgroups_path = "a/web"};
	struct config cfg = {.linux_ = &lx};
	struct cg_want want = {.id = "web"};

	CHECK_STR(plan_lines(&cfg, &v2, &want, "name"),
		  ":/sys/fs/cgroup/user.slice/a/web\nmark=web\n");
	want.record = "/run/ctr/web";
	CHECK_STR(plan_lines(&cfg, &hybrid, &want, "name"), ":/cg/unified/a/web\n"
							    "cpu,cpuacct:/cg/cpu/a/web\n"
							    "cpuset:/cg/cpuset/a/web\n"
							    "memory:/cg/memory/own/a/web\n"
							    "devices:/cg/devices/a/web\n"
							    "mark=/run/ctr/web\n");
	CHECK_STR(plan_lines(&cfg, &v1, &want, "name"), "pids:/cg/pids/a/web\n"
							"blkio:/cg/blkio/a/web\n"
							"freezer:/cg/freezer/a/web\n"
							"name=systemd:/cg/systemd/a/web\n"
							"mark=/run/ctr/web\n");
	want.manager = CG_DISABLED;
	CHECK_STR(plan_lines(&cfg, &v2, &want, "name"), "");
}

TEST(plan_enables_what_it_needs_and_what_is_useful)
{
	struct config_hugepage_limit huge = {.page_size = "2MB", .limit = 7};
	struct config_pids pids = {.limit = 5, .has_limit = true};
	struct config_resources res = {
		.hugepage_limits = &huge, .n_hugepage_limits = 1, .pids = &pids};
	struct config_linux lx = {.cgroups_path = "/c", .resources = &res};
	struct config cfg = {.linux_ = &lx};
	struct cg_want want = {.id = "web"};

	CHECK_STR(plan_lines(&cfg, &v2, &want, "enable"), "pids hugetlb [cpu cpuset io memory]\n");
	res.pids = NULL;
	CHECK_STR(plan_lines(&cfg, &hybrid, &want, "enable"), "hugetlb []\n");
}

TEST(plan_devices_by_layout)
{
	struct config_device_rule rule = {.allow = true, .access = "r"};
	struct config_resources res = {.devices = &rule, .n_devices = 1};
	struct config_linux lx = {.resources = &res};
	struct config cfg = {.linux_ = &lx};
	struct host none = {.layout = CGROUP_NONE}, nested = v2;
	struct cg_want want = {.id = "web"};

	nested.in_userns = true;
	CHECK_STR(plan_lines(&cfg, &v2, &want, "devices"), "bpf\n");
	CHECK_STR(plan_lines(&cfg, &hybrid, &want, "devices"), "v1\n");
	CHECK_STR(plan_lines(&cfg, &nested, &want, "devices"), "left\n");
	CHECK_STR(plan_lines(&cfg, &none, &want, "devices"),
		  "linux.resources.devices cannot be enforced: this host has no control groups");
	want.rootless = true;
	CHECK_STR(plan_lines(&cfg, &v2, &want, "devices"), "left\n");
	CHECK_STR(plan_lines(&cfg, &v2, &want, "manager"), "fs v2 optional\n");
}

TEST(plan_owner_of_a_writable_group)
{
	const char *options[] = {"nosuid", "ro"};
	struct config_mount mount = {.destination = "/sys/fs/cgroup",
				     .type = "cgroup",
				     .options = options,
				     .n_options = 1};
	struct config_namespace ns = {.type = CONFIG_NAMESPACE_TYPE_CGROUP};
	struct config_id_mapping map = {.container_id = 0, .host_id = 100000, .size = 10};
	struct config_linux lx = {
		.namespaces = &ns, .n_namespaces = 1, .uid_mappings = &map, .n_uid_mappings = 1};
	struct config_user user = {.uid = 3};
	struct config_process process = {.user = &user};
	struct config cfg = {.linux_ = &lx, .mounts = &mount, .n_mounts = 1, .process = &process};
	struct cg_want want = {.id = "web"};

	CHECK_STR(plan_lines(&cfg, &v2, &want, "owner"), "100003\n");
	CHECK_STR(plan_lines(&cfg, &hybrid, &want, "owner"), "");
	user.uid = 30;
	CHECK_STR(plan_lines(&cfg, &v2, &want, "owner"), "");
	user.uid = 3;
	mount.n_options = 2;
	CHECK_STR(plan_lines(&cfg, &v2, &want, "owner"), "");
	mount.n_options = 1;
	ns.path = "/proc/1/ns/cgroup";
	CHECK_STR(plan_lines(&cfg, &v2, &want, "owner"), "");
}

TEST(plan_of_an_update)
{
	static const char *const names[] = {":/cg/unified/x", "cpu,cpuacct:/cg/cpu/x"};
	struct config_cpu cpu = {.period = 5};
	struct config_hugepage_limit huge = {.page_size = "2MB", .limit = 7};
	struct config_device_rule rule = {.allow = true, .access = "r"};
	struct config_resources res = {
		.cpu = &cpu, .hugepage_limits = &huge, .n_hugepage_limits = 1};
	auto_(str) struct str text = {0};
	auto_(cg_plan) struct cg_plan plan = {0}, with_devices = {0};
	struct err err = {0};

	MUST(cg_plan_update(&res, names, 2, &plan, &err) == 0);
	cg_print(&text, &plan);
	CHECK_STR(text.p, "cgroup manager fs hybrid\n"
			  "cgroup name :/cg/unified/x\n"
			  "cgroup name cpu,cpuacct:/cg/cpu/x\n"
			  "cgroup enable hugetlb []\n"
			  "cgroup write cpu,cpuacct:/cg/cpu/x cpu.cfs_period_us = 5  # "
			  "linux.resources.cpu.period\n"
			  "cgroup write :/cg/unified/x hugetlb.2MB.max = 7  # "
			  "linux.resources.hugepageLimits\n"
			  "cgroup write :/cg/unified/x hugetlb.2MB.rsvd.max = 7 [optional]  # "
			  "linux.resources.hugepageLimits\n"
			  "cgroup devices left\n");
	res.devices = &rule;
	res.n_devices = 1;
	MUST(cg_plan_update(&res, names, 2, &with_devices, &err) == 0);
	CHECK_INT(with_devices.devices_by, CG_DEVICES_BPF);
}

TEST(plan_systemd)
{
	struct config_memory memory = {.limit = 1000, .swap = 1500};
	struct config_cpu cpu = {.shares = 1024, .quota = 12345, .cpus = "0-2"};
	struct config_pids pids = {.limit = -1, .has_limit = true};
	struct config_kv kv = {.key = "memory.high", .value = "max"};
	struct config_resources res = {
		.memory = &memory, .cpu = &cpu, .pids = &pids, .unified = &kv, .n_unified = 1};
	struct config_kv notes[] = {
		{"org.systemd.property.TimeoutStopSec", "uint64 5"},
		{"org.systemd.property.After", "['a.service', 'b.service']"},
		{"org.systemd.property.KillMode", "'mixed'"},
		{"other", "x"},
	};
	struct config_linux lx = {.cgroups_path = "machine.slice:libpod:abc", .resources = &res};
	struct config cfg = {.linux_ = &lx, .annotations = notes, .n_annotations = 4};
	struct cg_want want = {.id = "abc", .manager = CG_SYSTEMD};

	CHECK_STR(
		plan_lines(&cfg, &v2, &want, "name"),
		":/sys/fs/cgroup/machine.slice/libpod-abc.scope\nunit:libpod-abc.scope\nmark=abc\n");
	CHECK_STR(plan_lines(&cfg, &v2, &want, "property"), "Description s ctr container abc\n"
							    "Slice s machine.slice\n"
							    "DefaultDependencies b false\n"
							    "Delegate b true\n"
							    "CollectMode s inactive-or-failed\n"
							    "CPUAccounting b true\n"
							    "MemoryAccounting b true\n"
							    "IOAccounting b true\n"
							    "TasksAccounting b true\n"
							    "CPUWeight t 100\n"
							    "CPUQuotaPerSecUSec t 130000\n"
							    "AllowedCPUs ay 0-2\n"
							    "MemoryMax t 1000\n"
							    "MemorySwapMax t 500\n"
							    "TasksMax t 18446744073709551615\n"
							    "MemoryHigh t 18446744073709551615\n"
							    "TimeoutStopUSec t 5000000\n"
							    "After as a.service b.service\n"
							    "KillMode s mixed\n");
}

TEST(plan_systemd_refuses_annotations)
{
	static const char *const bad[][2] = {
		{"org.systemd.property.After", "[1]"},
		{"org.systemd.property.After", "['a"},
		{"org.systemd.property.After", "nonsense"},
		{"org.systemd.property.Af-ter", "true"},
		{"org.systemd.property.", "true"},
		{"org.systemd.property.TimeoutSec", "'x'"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct config_kv note = {bad[i][0], bad[i][1]};
		struct config cfg = {.annotations = &note, .n_annotations = 1};
		struct cg_want want = {.id = "abc", .manager = CG_SYSTEMD};
		CHECK(str_starts(plan_lines(&cfg, &v2, &want, "property"), "annotation "));
	}
}
