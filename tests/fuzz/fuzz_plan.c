/* SPDX-License-Identifier: Apache-2.0 */
/* Any config that validates becomes a plan or an error on any machine; a plan can be packed, is one
 * that the executor takes, and can be printed. */
#include <stdint.h>
#include <stdlib.h>

#include "runtime/base/auto.h"
#include "runtime/config/decode.h"
#include "runtime/config/validate.h"
#include "runtime/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct host hosts[] = {
	{
		.has_sys_resource = true,
		.caps = ~0ULL,
		.kernel = 6 << 16 | 1 << 8,
		.has_apparmor = true,
		.has_time_ns = true,
		.uptime = 1000,
		.layout = CGROUP_V2,
		.v2_controllers = " cpuset cpu io memory hugetlb pids rdma ",
		.n_cgroups = 1,
		.cgroups = {{"", "/sys/fs/cgroup", "/user.slice/user-0.slice/session-1.scope"}},
	},
	{
		.euid = 1000,
		.egid = 1000,
		.caps = ~0ULL,
		.has_selinux = true,
		.has_time_ns = true,
		.uptime = 1000,
		.runs_systemd = true,
		.layout = CGROUP_V2,
		.v2_controllers = " memory pids ",
		.n_cgroups = 1,
		.cgroups = {{"", "/sys/fs/cgroup", "/user.slice/user-1000.slice/session-1.scope"}},
	},
	{
		.has_sys_resource = true,
		.caps = 0xa80425fb,
		.has_time_ns = true,
		.uptime = 1000,
		.layout = CGROUP_HYBRID,
		.n_cgroups = 5,
		.cgroups = {{"cpu,cpuacct", "/cg/cpu,cpuacct", "/"},
			    {"devices", "/cg/devices", "/"},
			    {"memory", "/cg/memory", "/own"},
			    {"name=systemd", "/cg/systemd", "/"},
			    {"", "/cg/unified", "/own"}},
	},
};

static void check_plan(const struct plan *plan)
{
	auto_(str) struct str image = {0}, text = {0};
	struct err err = {0};

	oplist_print(&plan->ops, &text);
	if (oplist_pack(&plan->ops, 3, &image, &err) < 0)
		return; /* too large: said so */
	if (op_check((const void *)image.p, image.len) != 0 || plan->n_fds > PLAN_FDS_MAX ||
	    plan->ops.n_fds != SLOT_FIRST + plan->n_fds)
		abort();
	str_clear(&text);
	if (oplist_print_image((const void *)image.p, image.len, &text, &err) < 0)
		abort();
}

static void plan_on(const struct config *c, const struct host *host, const struct plan_want *want)
{
	auto_(plan) struct plan plan = {0};
	auto_(str) struct str text = {0}, json = {0};
	struct err err = {0};
	int r = plan_create(c, host, want, &plan, &err);

	if (r != -err.num || (r < 0 && !*err.msg))
		abort();
	if (r < 0)
		return;
	check_plan(&plan);
	plan_print(&text, &plan);
	plan_json(&json, &plan);
}

static void plan_exec_on(const struct config *c, const struct host *host)
{
	const struct plan_exec_want want = {
		.id = "web", .namespaces = ~0ULL, .n_cgroups = host->n_cgroups, .preserve_fds = 2};
	auto_(plan) struct plan plan = {0};
	struct err err = {0};
	int r = plan_exec(c, c->process, host, &want, &plan, &err);

	if (r != -err.num)
		abort();
	if (r == 0)
		check_plan(&plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum cg_manager managers[] = {CG_FS, CG_SYSTEMD, CG_DISABLED};
	auto_(arena) struct arena a = {0};
	struct config *c = NULL;
	struct err err = {0};

	if (config_decode((const char *)data, size, &a, &c, &err) < 0)
		return 0;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
		const struct plan_want want = {
			.id = "web",
			.bundle = "/bundle",
			.manager = managers[(size + i) % 3],
			.engine = i == 0,
			.wait_for_start = i != 0,
			.preserve_fds = (unsigned)i,
		};
		if (config_validate(c, &hosts[i], NULL, &err) < 0)
			continue;
		plan_on(c, &hosts[i], &want);
		if (c->process && c->linux_)
			plan_exec_on(c, &hosts[i]);
	}
	return 0;
}
