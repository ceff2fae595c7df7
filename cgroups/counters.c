/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/counters.h"
#include "cgroups/file.h"
#include "cgroups/name.h"
#include "runtime/base/str.h"

enum { TEXT_MAX = 16384, HUGETLB_MAX = 8 };

/* Where a resource's numbers are: "FILE", or "FILE:KEY" for a line of a file of lines. A v1 row counts
 * when the container has a v1 group with that controller. */
struct row {
	const char *resource, *controller;
	bool is_v1;
	enum cg_unit unit;
	const char *at[CG_COLUMNS];
};

/* clang-format off */
static const struct row rows[] = {
	{"memory", "memory", true, CG_BYTES,
	 {"memory.usage_in_bytes", "memory.max_usage_in_bytes", "memory.soft_limit_in_bytes",
	  "memory.limit_in_bytes", "memory.failcnt"}},
	{"memory+swap", "memory", true, CG_BYTES,
	 {"memory.memsw.usage_in_bytes", "memory.memsw.max_usage_in_bytes", NULL,
	  "memory.memsw.limit_in_bytes", "memory.memsw.failcnt"}},
	{"kernel", "memory", true, CG_BYTES,
	 {"memory.kmem.usage_in_bytes", "memory.kmem.max_usage_in_bytes", NULL,
	  NULL, "memory.kmem.failcnt"}},
	{"tcp", "memory", true, CG_BYTES,
	 {"memory.kmem.tcp.usage_in_bytes", "memory.kmem.tcp.max_usage_in_bytes", NULL,
	  "memory.kmem.tcp.limit_in_bytes", "memory.kmem.tcp.failcnt"}},
	{"shared", "memory", true, CG_BYTES, {"memory.stat:total_shmem"}},
	{"memory", "memory", false, CG_BYTES,
	 {"memory.current", "memory.peak", "memory.high", "memory.max", "memory.events:max"}},
	{"swap", "memory", false, CG_BYTES,
	 {"memory.swap.current", "memory.swap.peak", "memory.swap.high", "memory.swap.max",
	  "memory.swap.events:fail"}},
	{"zswap", "memory", false, CG_BYTES,
	 {"memory.zswap.current", NULL, NULL, "memory.zswap.max", NULL}},
	{"kernel", "memory", false, CG_BYTES, {"memory.stat:kernel"}},
	{"tcp", "memory", false, CG_BYTES, {"memory.stat:sock"}},
	{"shared", "memory", false, CG_BYTES, {"memory.stat:shmem"}},
	{"processes", "pids", true, CG_COUNT,
	 {"pids.current", "pids.peak", NULL, "pids.max", "pids.events:max"}},
	{"processes", "pids", false, CG_COUNT,
	 {"pids.current", "pids.peak", NULL, "pids.max", "pids.events:max"}},
	{"cpu", "cpu", true, CG_MILLICPUS, {NULL, NULL, NULL, NULL, "cpu.stat:nr_throttled"}},
	{"cpu", "cpu", false, CG_MILLICPUS, {NULL, NULL, NULL, "cpu.max", "cpu.stat:nr_throttled"}},
};
/* clang-format on */

uint64_t cg_unlimited(uint64_t n)
{
	return n >= (uint64_t)INT64_MAX / 4096 * 4096 ? UINT64_MAX : n;
}

uint64_t cg_millicpus(const char *text)
{
	uint64_t quota, period;

	if (sscanf(text, "%" SCNu64 " %" SCNu64, &quota, &period) != 2 || !period)
		return UINT64_MAX;
	return quota * 1000 / period;
}

/* 0, or -errno when the kernel does not tell. */
static int read_value(const char *dir, const char *at, uint64_t *ret)
{
	char file[64], text[TEXT_MAX];
	const char *key = strchr(at, ':');

	if (str_eq(at, "cpu.max")) {
		int r = cg_file_read(dir, at, text, sizeof(text));
		*ret = r < 0 ? 0 : cg_millicpus(text);
		return r < 0 ? r : 0;
	}
	if (!key)
		return cg_file_u64(dir, at, ret);
	snprintf(file, sizeof(file), "%.*s", (int)(key - at), at);
	int r = cg_file_read(dir, file, text, sizeof(text));
	return r < 0 ? r : cg_text_key(text, key + 1, ret);
}

static void set(struct cg_counter *c, enum cg_column column, uint64_t value)
{
	c->value[column] = value;
	c->has |= 1U << column;
}

static bool count_row(const struct row *row, const char *dir, struct cg_counter *ret)
{
	uint64_t value;

	*ret = (struct cg_counter){.resource = row->resource, .unit = row->unit};
	for (unsigned i = 0; i < CG_COLUMNS; i++)
		if (row->at[i] && read_value(dir, row->at[i], &value) == 0)
			set(ret, (enum cg_column)i, cg_unlimited(value));
	return ret->has;
}

/* v1 has the quota and its period in two files, and -1 for none. */
static void quota_v1(const char *dir, struct cg_counter *c)
{
	char text[32] = "", both[80];
	uint64_t period;

	if (cg_file_read(dir, "cpu.cfs_quota_us", text, sizeof(text)) < 0 ||
	    cg_file_u64(dir, "cpu.cfs_period_us", &period) < 0)
		return;
	snprintf(both, sizeof(both), "%s %" PRIu64, *text == '-' ? "max" : text, period);
	set(c, CG_HARD, cg_millicpus(both));
}

/* The sizes of huge pages that this machine has, where the group counts them. */
static size_t count_hugetlb(const char *v1, const char *v2, struct arena *mem,
			    struct cg_counter *ret)
{
	static const char *const sizes[] = {"64KB", "1MB", "2MB", "16MB", "32MB", "512MB", "1GB"};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes) && n < HUGETLB_MAX; i++) {
		const char *p = arena_printf(mem, "hugetlb.%s.", sizes[i]);
		struct row row = {p, "hugetlb", v1 != NULL, CG_BYTES, {NULL}};
		row.at[CG_HELD] = arena_printf(mem, "%s%s", p, v1 ? "usage_in_bytes" : "current");
		row.at[CG_PEAK] = v1 ? arena_printf(mem, "%smax_usage_in_bytes", p) : NULL;
		row.at[CG_HARD] = arena_printf(mem, "%s%s", p, v1 ? "limit_in_bytes" : "max");
		row.at[CG_FAILS] = arena_printf(mem, "%s%s", p, v1 ? "failcnt" : "events:max");
		if (!count_row(&row, v1 ? v1 : v2, &ret[n]))
			continue;
		ret[n++].resource = arena_printf(mem, "hugetlb.%s", sizes[i]);
	}
	return n;
}

int cg_counters(const char *const *names, size_t n, struct arena *mem, struct cg_counter **ret,
		struct err *err)
{
	const size_t n_rows = sizeof(rows) / sizeof(*rows);
	struct cg_counter *list = arena_zalloc(mem, n_rows + HUGETLB_MAX, sizeof(*list));
	const char *v2 = cg_name_find(names, n, ""), *huge = cg_name_find(names, n, "hugetlb");
	int count = 0;

	for (size_t i = 0; i < n; i++)
		if (cg_name_dir(names[i]) && access(cg_name_dir(names[i]), F_OK) < 0)
			return err_set(err, errno, "read the counters of %s",
				       cg_name_dir(names[i]));
	for (size_t i = 0; i < n_rows; i++) {
		const char *v1 = cg_name_find(names, n, rows[i].controller);
		const char *dir = rows[i].is_v1 ? v1 : v1 ? NULL : v2;
		if (!dir || !count_row(&rows[i], dir, &list[count]))
			continue;
		if (rows[i].is_v1 && rows[i].unit == CG_MILLICPUS)
			quota_v1(dir, &list[count]);
		count++;
	}
	if (huge || v2)
		count += (int)count_hugetlb(huge, v2, mem, list + count);
	*ret = list;
	return count;
}
