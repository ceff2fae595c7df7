/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/file.h"
#include "cgroups/psi.h"
#include "cgroups/stat.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "tests/lib/test.h"

TEST(stat_text_key)
{
	static const char text[] = "low 1\noom 2\noom_kill 3\nmax 18446744073709551615";
	uint64_t n = 9;

	CHECK_INT(cg_text_key(text, "oom", &n), 0);
	CHECK_INT((long long)n, 2);
	CHECK_INT(cg_text_key(text, "oom_kill", &n), 0);
	CHECK_INT((long long)n, 3);
	CHECK_INT(cg_text_key(text, "max", &n), 0);
	CHECK(n == UINT64_MAX);
	CHECK(cg_text_key(text, "kill", &n) < 0);
	CHECK(cg_text_key("", "kill", &n) < 0);
}

TEST(stat_psi)
{
	struct cg_psi psi;

	cg_psi_parse("some avg10=1.50 avg60=0.25 avg300=0.00 total=12345\n"
		     "full avg10=0.50 avg60=0.00 avg300=9.75 total=67\n",
		     &psi);
	CHECK(psi.is_known);
	CHECK(psi.some.avg10 == 1.5 && psi.some.avg60 == 0.25 && psi.some.avg300 == 0);
	CHECK_INT((long long)psi.some.total, 12345);
	CHECK(psi.full.avg10 == 0.5 && psi.full.avg300 == 9.75);
	CHECK_INT((long long)psi.full.total, 67);
	cg_psi_parse("some\nfull avg10=3.00", &psi);
	CHECK(psi.some.avg10 == 0 && psi.full.avg10 == 3);
	cg_psi_parse("", &psi);
	CHECK(psi.some.avg10 == 0);
}

static void check_item(const struct cg_stats *s, enum cg_blkio_kind kind, size_t i,
		       struct cg_blkio want)
{
	if (!CHECK(i < s->blkio.n[kind]))
		return;
	const struct cg_blkio *got = &s->blkio.items[kind][i];
	CHECK_INT((long long)got->major, (long long)want.major);
	CHECK_INT((long long)got->minor, (long long)want.minor);
	CHECK_INT((long long)got->value, (long long)want.value);
	CHECK_STR(got->op, want.op);
}

TEST(stat_blkio_v1)
{
	auto_(cg_stats) struct cg_stats s = {0};

	cg_blkio_parse_v1("8:0 Read 100\n8:16 Write 200\nTotal 300\n", CG_BLKIO_SERVICED, &s);
	cg_blkio_parse_v1("8:0 77\nnonsense\n8:\n", CG_BLKIO_TIME, &s);
	CHECK_INT((long long)s.blkio.n[CG_BLKIO_SERVICED], 2);
	check_item(&s, CG_BLKIO_SERVICED, 0, (struct cg_blkio){8, 0, 100, "Read"});
	check_item(&s, CG_BLKIO_SERVICED, 1, (struct cg_blkio){8, 16, 200, "Write"});
	CHECK_INT((long long)s.blkio.n[CG_BLKIO_TIME], 1);
	check_item(&s, CG_BLKIO_TIME, 0, (struct cg_blkio){8, 0, 77, ""});
}

TEST(stat_blkio_v2)
{
	auto_(cg_stats) struct cg_stats s = {0};

	cg_blkio_parse_v2("8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6 cost.usage=7\n"
			  "254:1 \n"
			  "259:3 rbytes=9",
			  &s);
	CHECK_INT((long long)s.blkio.n[CG_BLKIO_SERVICE_BYTES], 4);
	CHECK_INT((long long)s.blkio.n[CG_BLKIO_SERVICED], 3);
	check_item(&s, CG_BLKIO_SERVICE_BYTES, 0, (struct cg_blkio){8, 0, 1, "Read"});
	check_item(&s, CG_BLKIO_SERVICE_BYTES, 2, (struct cg_blkio){8, 0, 5, "Discard"});
	check_item(&s, CG_BLKIO_SERVICE_BYTES, 3, (struct cg_blkio){259, 3, 9, "Read"});
	check_item(&s, CG_BLKIO_SERVICED, 1, (struct cg_blkio){8, 0, 4, "Write"});
}

/* A directory of plain files is as good as a group for reading. */
TEST(stat_of_a_v2_group)
{
	static const char *const files[][2] = {
		{"cpu.stat", "usage_usec 3000\nuser_usec 2000\nsystem_usec 1000\nnr_periods 5\n"
			     "nr_throttled 2\nthrottled_usec 7\n"},
		{"memory.current", "4096\n"},
		{"memory.max", "max\n"},
		{"memory.peak", "8192\n"},
		{"memory.swap.max", "1000\n"},
		{"memory.swap.current", "10\n"},
		{"memory.stat", "anon 1\nfile 2\nkernel 3\n"},
		{"memory.pressure", "some avg10=1.00 avg60=0.00 avg300=0.00 total=4\n"},
		{"pids.current", "3\n"},
		{"pids.max", "max\n"},
		{"cpuset.cpus.effective", "0-1\n"},
		{"hugetlb.2MB.current", "7\n"},
		{"hugetlb.2MB.max", "9\n"},
		{"hugetlb.2MB.events", "max 5\n"},
		{"io.stat", "8:0 rbytes=1\n"},
	};
	enum { N_FILES = sizeof(files) / sizeof(*files) };
	char dir[] = "/tmp/ctr-test-XXXXXX", name[64];
	const char *const names[] = {name};
	auto_(cg_stats) struct cg_stats s = {0};
	struct err err = {0};

	MUST(mkdtemp(dir));
	auto_fd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < N_FILES; i++)
		CHECK_INT(fd_replace(fd, files[i][0], files[i][1], strlen(files[i][1]), 0600), 0);
	snprintf(name, sizeof(name), ":%s", dir);
	CHECK_INT(cg_stats(names, 1, &s, &err), 0);
	CHECK_INT((long long)s.cpu.total, 3000000);
	CHECK_INT((long long)s.cpu.throttled_time, 7000);
	CHECK_INT((long long)s.memory.usage.usage, 4096);
	CHECK(s.memory.usage.limit == UINT64_MAX && s.memory.swap.limit == UINT64_MAX);
	CHECK_INT((long long)s.memory.swap.usage, 4106);
	CHECK_INT((long long)s.memory.cache, 2);
	CHECK_INT((long long)s.memory.n_raw, 3);
	CHECK_STR(s.memory.raw[2].key, "kernel");
	CHECK(s.memory.psi.some.avg10 == 1);
	CHECK(s.pids.current == 3 && s.pids.limit == UINT64_MAX);
	CHECK_STR(s.cpuset.cpus, "0-1");
	MUST(s.n_hugetlb == 1);
	CHECK_STR(s.hugetlb[0].size, "2MB");
	CHECK_INT((long long)s.hugetlb[0].use.failcnt, 5);
	CHECK_INT((long long)s.blkio.n[CG_BLKIO_SERVICE_BYTES], 1);
	for (size_t i = 0; i < N_FILES; i++)
		unlinkat(fd, files[i][0], 0);
	CHECK_INT(rmdir(dir), 0);
	CHECK(cg_stats(names, 1, &s, &err) < 0);
}
