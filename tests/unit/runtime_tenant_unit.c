/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/base/fd.h"
#include "runtime/tenant_unit.h"
#include "tests/lib/test.h"

static struct tenant_shares shares = {
	.cpu_weight = 200,
	.has_cpu_weight = true,
	.cpu_milli = 1505,
	.has_cpu_milli = true,
	.memory = 1 << 30,
	.has_memory = true,
	.swap = -1,
	.has_swap = true,
	.pids = 100,
	.has_pids = true,
	.cpus = "0-1",
};
static const struct tenant acme = {.name = "acme", .uid = 1000, .user = "al", .shares = &shares};

TEST(tenant_unit_is_the_shares)
{
	auto_(str) struct str text = {0};

	tenant_unit_text(&acme, &text);
	CHECK_STR(text.p, "# Of ctr tenant acme: change it with ctr tenant set.\n[Slice]\n"
			  "CPUWeight=200\nCPUQuota=150.5%\nAllowedCPUs=0-1\n"
			  "MemoryMax=1073741824\nMemorySwapMax=infinity\nTasksMax=100\n");
}

TEST(tenant_unit_is_written_and_removed)
{
	auto_(str) struct str text = {0};
	char dir[] = "/tmp/ctr-unit-XXXXXX", path[128];
	struct err err;

	MUST(mkdtemp(dir));
	CHECK_INT(tenant_unit_write(&acme, dir, &err), 0);
	snprintf(path, sizeof(path), "%s/user@1000.service.d/50-ctr-tenant.conf", dir);
	CHECK_INT(fd_read_file(AT_FDCWD, path, 1000, &text), 0);
	CHECK_STR(text.p, "[Service]\nDelegate=cpu cpuset io memory pids\n");
	snprintf(path, sizeof(path), "%s/user-1000.slice.d/50-ctr-tenant.conf", dir);
	CHECK_INT(access(path, F_OK), 0);
	CHECK_INT(tenant_unit_remove(&acme, dir, &err), 0);
	CHECK_INT(tenant_unit_remove(&acme, dir, &err), 0);
	CHECK_INT(rmdir(dir), 0);
}
