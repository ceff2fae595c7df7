/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/counters.h"
#include "cgroups/file.h"
#include "cgroups/name.h"
#include "cgroups/stat.h"
#include "runtime/base/auto.h"
#include "runtime/base/str.h"

enum { TEXT_MAX = 65536 };

const char *const cg_blkio_words[CG_BLKIO_KINDS] = {
	[CG_BLKIO_SERVICE_BYTES] = "ioServiceBytesRecursive",
	[CG_BLKIO_SERVICED] = "ioServicedRecursive",
	[CG_BLKIO_QUEUED] = "ioQueueRecursive",
	[CG_BLKIO_SERVICE_TIME] = "ioServiceTimeRecursive",
	[CG_BLKIO_WAIT_TIME] = "ioWaitTimeRecursive",
	[CG_BLKIO_MERGED] = "ioMergedRecursive",
	[CG_BLKIO_TIME] = "ioTimeRecursive",
	[CG_BLKIO_SECTORS] = "sectorsRecursive",
};

/* Where each controller's files are. */
struct place {
	const char *const *names;
	size_t n;
	char *text; /* TEXT_MAX bytes */
};

/* The v1 group of the controller, or NULL: then v2 is to be asked. */
static const char *on_v1(const struct place *p, const char *controller)
{
	return cg_name_find(p->names, p->n, controller);
}

static const char *on_v2(const struct place *p)
{
	return cg_name_find(p->names, p->n, "");
}

static uint64_t number(const char *dir, const char *file)
{
	uint64_t n = 0;

	cg_file_u64(dir, file, &n);
	return n;
}

static uint64_t key(const char *text, const char *word)
{
	uint64_t n = 0;

	cg_text_key(text, word, &n);
	return n;
}

/* ---- cpu -------------------------------------------------------------------------------------- */

/* Numbers separated by blanks and newlines. */
static uint64_t *numbers(struct arena *mem, const char *text, size_t *ret_n)
{
	uint64_t *list = arena_zalloc(mem, strlen(text) / 2 + 1, sizeof(*list));
	size_t n = 0;

	for (char *end;; text = end) {
		uint64_t value = strtoull(text, &end, 10);
		if (end == text)
			break;
		list[n++] = value;
	}
	*ret_n = n;
	return list;
}

static void percpu(struct place *p, const char *dir, const char *file, struct arena *mem,
		   uint64_t **ret, size_t *n)
{
	if (cg_file_read(dir, file, p->text, TEXT_MAX) > 0)
		*ret = numbers(mem, p->text, n);
}

static void cpu_v1(struct place *p, const char *dir, struct cg_stats *s)
{
	uint64_t tick = 1000000000 / (uint64_t)sysconf(_SC_CLK_TCK);

	s->cpu.total = number(dir, "cpuacct.usage");
	if (cg_file_read(dir, "cpuacct.stat", p->text, TEXT_MAX) > 0) {
		s->cpu.user = key(p->text, "user") * tick;
		s->cpu.kernel = key(p->text, "system") * tick;
	}
	percpu(p, dir, "cpuacct.usage_percpu", &s->mem, &s->cpu.percpu, &s->cpu.n_percpu);
	percpu(p, dir, "cpuacct.usage_percpu_sys", &s->mem, &s->cpu.percpu_kernel,
	       &s->cpu.n_percpu_kernel);
	percpu(p, dir, "cpuacct.usage_percpu_user", &s->mem, &s->cpu.percpu_user,
	       &s->cpu.n_percpu_user);
}

/* The quota and its period: two files on v1, two words on v2. */
static uint64_t cpu_limit(const char *v1, const char *v2, char *text)
{
	char quota[32], both[64];

	if (v1 && cg_file_read(v1, "cpu.cfs_quota_us", quota, sizeof(quota)) > 0 && *quota != '-') {
		snprintf(both, sizeof(both), "%s %" PRIu64, quota, number(v1, "cpu.cfs_period_us"));
		return cg_millicpus(both);
	}
	if (!v1 && v2 && cg_file_read(v2, "cpu.max", text, TEXT_MAX) > 0)
		return cg_millicpus(text);
	return UINT64_MAX;
}

static void cpu(struct place *p, struct cg_stats *s)
{
	const char *acct = on_v1(p, "cpuacct"), *v1 = on_v1(p, "cpu"), *v2 = on_v2(p);

	if (acct)
		cpu_v1(p, acct, s);
	if (v1 && cg_file_read(v1, "cpu.stat", p->text, TEXT_MAX) > 0) {
		s->cpu.periods = key(p->text, "nr_periods");
		s->cpu.throttled_periods = key(p->text, "nr_throttled");
		s->cpu.throttled_time = key(p->text, "throttled_time");
	}
	if (!acct && v2 && cg_file_read(v2, "cpu.stat", p->text, TEXT_MAX) > 0) {
		s->cpu.total = key(p->text, "usage_usec") * 1000;
		s->cpu.user = key(p->text, "user_usec") * 1000;
		s->cpu.kernel = key(p->text, "system_usec") * 1000;
		s->cpu.periods = v1 ? s->cpu.periods : key(p->text, "nr_periods");
		s->cpu.throttled_periods =
			v1 ? s->cpu.throttled_periods : key(p->text, "nr_throttled");
		s->cpu.throttled_time =
			v1 ? s->cpu.throttled_time : key(p->text, "throttled_usec") * 1000;
	}
	s->cpu.limit = cpu_limit(v1, v2, p->text);
	if (v2)
		cg_psi_read(v2, "cpu.pressure", &s->cpu.psi);
}

static void cpuset(struct place *p, struct cg_stats *s)
{
	const char *v1 = on_v1(p, "cpuset"), *dir = v1 ? v1 : on_v2(p);

	if (dir && cg_file_read(dir, v1 ? "cpuset.effective_cpus" : "cpuset.cpus.effective",
				p->text, TEXT_MAX) >= 0)
		s->cpuset.cpus = arena_str(&s->mem, p->text);
	if (dir && cg_file_read(dir, v1 ? "cpuset.effective_mems" : "cpuset.mems.effective",
				p->text, TEXT_MAX) >= 0)
		s->cpuset.mems = arena_str(&s->mem, p->text);
}

/* ---- memory ----------------------------------------------------------------------------------- */

static void raw(struct cg_stats *s, const char *text)
{
	size_t n = 1;

	for (const char *at = text; (at = strchr(at, '\n')); at++)
		n++;
	s->memory.raw = arena_zalloc(&s->mem, n, sizeof(*s->memory.raw));
	while (*text) {
		size_t line = strcspn(text, "\n"), word = strcspn(text, " \n");
		if (word < line)
			s->memory.raw[s->memory.n_raw++] =
				(struct cg_raw){.key = arena_copy(&s->mem, text, word),
						.value = strtoull(text + word, NULL, 10)};
		text += line + (text[line] == '\n');
	}
}

static struct cg_usage usage_v1(const char *dir, const char *prefix)
{
	static const char *const files[] = {"limit_in_bytes", "usage_in_bytes",
					    "max_usage_in_bytes", "failcnt"};
	uint64_t n[4];

	for (int i = 0; i < 4; i++) {
		char file[80];
		snprintf(file, sizeof(file), "%s.%s", prefix, files[i]);
		n[i] = number(dir, file);
	}
	return (struct cg_usage){
		.limit = cg_unlimited(n[0]), .usage = n[1], .max = n[2], .failcnt = n[3]};
}

static void memory_v1(struct place *p, const char *dir, struct cg_stats *s)
{
	s->memory.usage = usage_v1(dir, "memory");
	s->memory.swap = usage_v1(dir, "memory.memsw");
	s->memory.kernel = usage_v1(dir, "memory.kmem");
	s->memory.kernel_tcp = usage_v1(dir, "memory.kmem.tcp");
	if (cg_file_read(dir, "memory.stat", p->text, TEXT_MAX) <= 0)
		return;
	raw(s, p->text);
	s->memory.cache = key(p->text, "cache");
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static void memory_v2(struct place *p, const char *dir, struct cg_stats *s)
{
	uint64_t swap_limit = 0;

	if (cg_file_u64(dir, "memory.current", &s->memory.usage.usage) < 0)
		return;
	s->memory.usage.limit = number(dir, "memory.max");
	s->memory.usage.max = number(dir, "memory.peak");
	if (cg_file_read(dir, "memory.events", p->text, TEXT_MAX) > 0)
		s->memory.usage.failcnt = key(p->text, "max");
	if (cg_file_u64(dir, "memory.swap.max", &swap_limit) == 0) {
		s->memory.swap.limit = sum(s->memory.usage.limit, swap_limit);
		s->memory.swap.usage =
			sum(s->memory.usage.usage, number(dir, "memory.swap.current"));
		s->memory.swap.max = sum(s->memory.usage.max, number(dir, "memory.swap.peak"));
	}
	if (cg_file_read(dir, "memory.stat", p->text, TEXT_MAX) <= 0)
		return;
	raw(s, p->text);
	s->memory.cache = key(p->text, "file");
	s->memory.kernel = (struct cg_usage){.limit = UINT64_MAX, .usage = key(p->text, "kernel")};
}

static void memory(struct place *p, struct cg_stats *s)
{
	const char *v1 = on_v1(p, "memory"), *v2 = on_v2(p);

	if (v1)
		memory_v1(p, v1, s);
	else if (v2)
		memory_v2(p, v2, s);
	if (v2)
		cg_psi_read(v2, "memory.pressure", &s->memory.psi);
}

/* ---- the others ------------------------------------------------------------------------------- */

static void pids(struct place *p, struct cg_stats *s)
{
	const char *v1 = on_v1(p, "pids"), *dir = v1 ? v1 : on_v2(p);

	if (dir) {
		s->pids.current = number(dir, "pids.current");
		s->pids.limit = number(dir, "pids.max");
	}
}

/* hugetlb.SIZE.current or hugetlb.SIZE.usage_in_bytes: the directory says which sizes there are. */
static void hugetlb(struct place *p, struct cg_stats *s)
{
	const char *v1 = on_v1(p, "hugetlb"), *dir = v1 ? v1 : on_v2(p);
	const char *end = v1 ? ".usage_in_bytes" : ".current";
	DIR *d = dir ? opendir(dir) : NULL;

	for (struct dirent *e; d && (e = readdir(d));) {
		if (!str_starts(e->d_name, "hugetlb.") || !str_ends(e->d_name, end) ||
		    strstr(e->d_name, ".rsvd."))
			continue;
		char size[32], file[80];
		snprintf(size, sizeof(size), "%.*s",
			 (int)(strlen(e->d_name) - strlen("hugetlb.") - strlen(end)),
			 e->d_name + strlen("hugetlb."));
		struct cg_usage use = {0};
		snprintf(file, sizeof(file), "hugetlb.%s", size);
		if (v1) {
			use = usage_v1(dir, file);
		} else {
			use.usage = number(dir, e->d_name);
			snprintf(file, sizeof(file), "hugetlb.%s.max", size);
			use.limit = number(dir, file);
			snprintf(file, sizeof(file), "hugetlb.%s.events", size);
			cg_file_key(dir, file, "max", &use.failcnt);
		}
		if (!s->hugetlb) /* more sizes than any machine has */
			s->hugetlb = arena_zalloc(&s->mem, 16, sizeof(*s->hugetlb));
		if (s->n_hugetlb < 16)
			s->hugetlb[s->n_hugetlb++] =
				(struct cg_hugetlb){.size = arena_str(&s->mem, size), .use = use};
	}
	if (d)
		closedir(d);
}

int cg_stats(const char *const *names, size_t n, struct cg_stats *ret, struct err *err)
{
	auto_(str) struct str text = {0};
	struct place p = {.names = names, .n = n, .text = str_grow(&text, TEXT_MAX)};
	const char *v2 = on_v2(&p);
	struct cg_stats s = {0};

	for (size_t i = 0; i < n; i++)
		if (cg_name_dir(names[i]) && access(cg_name_dir(names[i]), F_OK) < 0)
			return err_set(err, errno, "read the statistics of %s",
				       cg_name_dir(names[i]));
	cpu(&p, &s);
	cpuset(&p, &s);
	memory(&p, &s);
	pids(&p, &s);
	hugetlb(&p, &s);
	cg_blkio_read(on_v1(&p, "blkio"), v2, &s);
	*ret = s;
	return 0;
}

void cg_stats_clear(struct cg_stats *s)
{
	arena_clear(&s->mem);
	*s = (struct cg_stats){0};
}
