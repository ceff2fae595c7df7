/* SPDX-License-Identifier: Apache-2.0 */
/* Writes into files that may be missing, in a directory that only looks like a group's. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cgroups/backend.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "tests/lib/test.h"

static void make(const char *dir, const char *name)
{
	int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK_INT(fd_replace(at, name, "", 0, 0600), 0);
	close(at);
}

static void holds(const char *dir, const char *name, const char *want)
{
	auto_(str) struct str text = {0};
	int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK_INT(fd_read_file(at, name, 100, &text), 0);
	CHECK_STR(text.p ? text.p : "", want);
	CHECK_INT(unlinkat(at, name, 0), 0);
	close(at);
}

/* A number for BFQ and one for the cost model: whichever is there gets its own, one of them must be. */
TEST(write_one_or_the_other_or_both)
{
	char dir[] = "/tmp/ctr-unit-XXXXXX", name[64];
	struct cg_group group = {.controllers = ""};
	struct cg_write writes[] = {
		{.file = "bfq", .value = "200", .flags = CG_ELSE, .property = "w"},
		{.file = "cost", .value = "1920", .property = "w"},
		{.file = "last", .value = "1", .property = "l"},
	};
	const char *names[] = {name};
	const struct cg_plan plan = {.groups = &group,
				     .n_groups = 1,
				     .writes = writes,
				     .n_writes = 3,
				     .names = names,
				     .n_names = 1};
	struct err err;

	CHECK(mkdtemp(dir));
	snprintf(name, sizeof(name), ":%s", dir);
	make(dir, "bfq");
	make(dir, "last");
	CHECK_INT(cg_write_all(&plan, &err), 0);
	holds(dir, "bfq", "200");
	holds(dir, "last", "1");
	make(dir, "cost");
	make(dir, "last");
	CHECK_INT(cg_write_all(&plan, &err), 0);
	holds(dir, "cost", "1920");
	holds(dir, "last", "1");
	make(dir, "bfq");
	make(dir, "cost");
	make(dir, "last");
	CHECK_INT(cg_write_all(&plan, &err), 0);
	holds(dir, "bfq", "200");
	holds(dir, "cost", "1920");
	holds(dir, "last", "1");
	CHECK_INT(cg_write_all(&plan, &err), -ENOENT);
	CHECK_INT(rmdir(dir), 0);
}
