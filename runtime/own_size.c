/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroups/cgroup.h"
#include "cgroups/counters.h"
#include "cgroups/file.h"
#include "cgroups/name.h"
#include "cgroups/stat.h"
#include "cgroups/tasks.h"
#include "runtime/base/clock.h"
#include "runtime/base/fd.h"
#include "runtime/own_clock.h"
#include "runtime/own_size.h"
#include "runtime/shares.h"
#include "runtime/state.h"

enum { HOST_MAX = 4 << 20, SMALL = 1 << 16 };

/* ---- pictures --------------------------------------------------------------------------------- */

static uint64_t number_after(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

static void put_kb(struct str *out, const char *key, uint64_t kb)
{
	char name[32];

	snprintf(name, sizeof(name), "%s:", key);
	str_addf(out, "%-15s %8" PRIu64 " kB\n", name, kb);
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t rest(uint64_t all, uint64_t part)
{
	return all > part ? all - part : 0;
}

void own_meminfo(const struct own_size *s, const char *host, struct str *out)
{
	uint64_t total = less(number_after(host, "MemTotal:"), s->memory / 1024);
	uint64_t swap = less(number_after(host, "SwapTotal:"), s->swap / 1024);
	uint64_t used = less(s->used / 1024, total), cache = less(s->cache / 1024, used);
	uint64_t swapped = less(s->swap_used / 1024, swap);

	/* What is free for it can be no more than what is free at all. */
	uint64_t available = less(rest(total, used) + cache, number_after(host, "MemAvailable:"));
	put_kb(out, "MemTotal", total);
	put_kb(out, "MemFree", less(rest(total, used), number_after(host, "MemFree:")));
	put_kb(out, "MemAvailable", available);
	put_kb(out, "Buffers", 0);
	put_kb(out, "Cached", cache);
	put_kb(out, "SwapCached", 0);
	put_kb(out, "SwapTotal", swap);
	put_kb(out, "SwapFree", rest(swap, swapped));
	put_kb(out, "CommitLimit", total + swap);
	put_kb(out, "Committed_AS", used);
	put_kb(out, "Hugepagesize", number_after(host, "Hugepagesize:"));
}

/* Blocks that are separated by empty lines; the first so many. */
void own_cpuinfo(const struct own_size *s, const char *host, struct str *out)
{
	unsigned n = 0;

	for (const char *at = host; *at && (!s->cpus || n < s->cpus); n++) {
		const char *end = strstr(at, "\n\n");
		size_t len = end ? (size_t)(end + 2 - at) : strlen(at);
		str_add_mem(out, at, len);
		at += len;
	}
}

/* "cpu0 ..." */
static bool is_processor(const char *line, unsigned *ret, int *ret_end)
{
	return line[0] == 'c' && line[1] == 'p' && line[2] == 'u' && line[3] >= '0' &&
	       line[3] <= '9' && sscanf(line, "cpu%u%n", ret, ret_end) == 1;
}

/* "cpu" is the sum of the processors that are left. */
static void sum_cpus(const struct own_size *s, const char *host, struct str *out)
{
	enum { FIELDS = 10 };
	uint64_t sum[FIELDS] = {0};

	for (const char *line = host; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		unsigned cpu;
		int n = 0;
		if (!is_processor(line, &cpu, &n) || (s->cpus && cpu >= s->cpus))
			continue;
		char *at = NULL;
		const char *from = line + n;
		for (int i = 0; i < FIELDS; i++, from = at)
			sum[i] += strtoull(from, &at, 10);
	}
	str_add(out, "cpu ");
	for (int i = 0; i < FIELDS; i++)
		str_addf(out, " %" PRIu64, sum[i]);
	str_add_char(out, '\n');
}

void own_stat(const struct own_size *s, const char *host, struct str *out)
{
	sum_cpus(s, host, out);
	for (const char *line = host; *line;) {
		size_t len = strcspn(line, "\n") + (strchr(line, '\n') != NULL);
		unsigned cpu;
		int n;
		bool is_cpu = is_processor(line, &cpu, &n);
		if (str_starts(line, "btime "))
			str_addf(out, "btime %" PRId64 "\n",
				 (int64_t)number_after(line, "btime ") + s->booted_later);
		else if (strncmp(line, "cpu ", 4) != 0 && !(is_cpu && s->cpus && cpu >= s->cpus))
			str_add_mem(out, line, len);
		line += len;
	}
}

void own_loadavg(const struct own_size *s, const char *host, struct str *out)
{
	if (s->has_tasks)
		own_load_text(&s->load, s->running, s->tasks, s->last_pid, out);
	else
		str_add(out, host);
}

uint64_t own_inner_pid(const char *init, const char *task)
{
	static const char key[] = "\nNSpid:";
	const char *of_init = strstr(init, key), *at = strstr(task, key);
	uint64_t pid = 0;

	if (!of_init || !at)
		return 0;
	/* A column for each namespace from ctr's inwards; the last of the first process's is the
	 * container's, and others may have made some further in. */
	of_init += sizeof(key) - 1;
	at += sizeof(key) - 1;
	while (*of_init == '\t') {
		char *end;
		of_init += 1 + strspn(of_init + 1, "0123456789");
		pid = strtoull(at, &end, 10);
		at = end;
	}
	return pid;
}

unsigned own_count(const char *list)
{
	unsigned n = 0;

	for (const char *at = list; at && *at;) {
		char *end;
		unsigned long first = strtoul(at, &end, 10), last = first;
		if (end == at)
			break;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		n += last >= first ? (unsigned)(last - first + 1) : 0;
		at = *end == ',' ? end + 1 : end + strlen(end);
	}
	return n;
}

/* ---- what holds for a container --------------------------------------------------------------- */

/* The least of a limit in the group and in all above it. */
static uint64_t least(const char *dir, const char *file)
{
	uint64_t min = UINT64_MAX, n;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", dir);
	for (char *slash; (slash = strrchr(path, '/')) && slash != path; *slash = '\0')
		if (cg_file_u64(path, file, &n) == 0)
			min = less(min, cg_unlimited(n));
	return min;
}

static uint64_t least_cpus(const char *dir, uint64_t own)
{
	char path[PATH_MAX], text[64];
	uint64_t min = own;

	snprintf(path, sizeof(path), "%s", dir);
	for (char *slash; (slash = strrchr(path, '/')) && slash != path;) {
		*slash = '\0';
		if (cg_file_read(path, "cpu.max", text, sizeof(text)) > 0)
			min = less(min, cg_millicpus(text));
		if (cg_file_read(path, "cpu.cfs_quota_us", text, sizeof(text)) > 0 &&
		    *text != '-') {
			uint64_t period = 0;
			cg_file_u64(path, "cpu.cfs_period_us", &period);
			if (period)
				min = less(min, strtoull(text, NULL, 10) * 1000 / period);
		}
	}
	return min;
}

static unsigned processors(const struct state *s, const struct cg_stats *stats)
{
	const char *v1 = cg_name_find(s->cgroups, s->n_cgroups, "cpu");
	const char *dir = v1 ? v1 : cg_name_find(s->cgroups, s->n_cgroups, "");
	uint64_t limit = dir ? least_cpus(dir, stats->cpu.limit) : UINT64_MAX;
	unsigned all = own_count(stats->cpuset.cpus);

	if (limit == UINT64_MAX)
		return all;
	unsigned n = (unsigned)((limit + 999) / 1000);
	return all && all < n ? all : n;
}

static int find_limits(const struct state *s, struct own_size *ret, struct err *err)
{
	auto_(cg_stats) struct cg_stats stats = {0};
	const char *v1 = cg_name_find(s->cgroups, s->n_cgroups, "memory");
	const char *v2 = cg_name_find(s->cgroups, s->n_cgroups, "");
	int r = cg_stats(s->cgroups, s->n_cgroups, &stats, err);

	if (r < 0)
		return r;
	*ret = (struct own_size){.memory = UINT64_MAX,
				 .used = stats.memory.usage.usage,
				 .cache = stats.memory.cache,
				 .swap = UINT64_MAX,
				 .cpus = processors(s, &stats)};
	if (v1)
		ret->memory = least(v1, "memory.limit_in_bytes");
	else if (v2)
		ret->memory = least(v2, "memory.max");
	if (v1) {
		uint64_t both = least(v1, "memory.memsw.limit_in_bytes");
		ret->swap = both == UINT64_MAX ? both : rest(both, ret->memory);
	} else if (v2) {
		ret->swap = least(v2, "memory.swap.max");
		cg_file_u64(v2, "memory.swap.current", &ret->swap_used);
	}
	return 0;
}

static uint64_t pid_inside(pid_t init, pid_t task)
{
	auto_(str) struct str first = {0}, last = {0};
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)init);
	fd_read_file(AT_FDCWD, path, SMALL, &first);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)task);
	fd_read_file(AT_FDCWD, path, SMALL, &last);
	return own_inner_pid(first.p ? first.p : "", last.p ? last.p : "");
}

/* One more step of the averages, which are kept beside the files. dir: locked. */
static void find_load(const struct container *c, int dir, bool is_new, struct own_size *ret)
{
	static const char name[] = ".load";
	const struct state *s = c->state;
	auto_(str) struct str kept = {0}, text = {0};
	struct cg_tasks t = {0};
	struct err ignored;

	ret->has_tasks = cg_tasks(s->cgroups, s->n_cgroups, &t) == 0;
	if (!ret->has_tasks)
		return;
	ret->running = t.running;
	ret->tasks = t.total;
	ret->last_pid = c->pid && t.last ? pid_inside(c->pid, t.last) : 1;
	if (!is_new)
		fd_read_file(dir, name, SMALL, &kept);
	own_load_parse(kept.p ? kept.p : "", &ret->load);
	/* Who is frozen waits for nothing. */
	bool is_frozen = cg_is_frozen(s->cgroups, s->n_cgroups, &ignored) == 1;
	own_load_step(&ret->load, is_frozen ? 0 : t.running + t.blocked, clock_ms());
	own_load_keep(&ret->load, &text);
	fd_replace(dir, name, text.p, text.len, 0600);
}

static int find_out(const struct container *c, int dir, bool is_new, struct own_size *ret,
		    struct err *err)
{
	int r = find_limits(c->state, ret, err);

	if (r < 0)
		return r;
	find_load(c, dir, is_new, ret);
	if (c->pid)
		ret->booted_later = own_clock_offset_of(getpid()) - own_clock_offset_of(c->pid);
	return 0;
}

/* ---- files ------------------------------------------------------------------------------------ */

static void own_online(const struct own_size *s, const char *host, struct str *out)
{
	if (!s->cpus)
		str_add(out, host);
	else if (s->cpus == 1)
		str_add(out, "0\n");
	else
		str_addf(out, "0-%u\n", s->cpus - 1);
}

static const struct file {
	const char *name, *path;
	void (*make)(const struct own_size *, const char *host, struct str *out);
	bool moves; /* by itself, without an update */
} files[] = {
	{"meminfo", "/proc/meminfo", own_meminfo, true},
	{"cpuinfo", "/proc/cpuinfo", own_cpuinfo, false},
	{"stat", "/proc/stat", own_stat, true},
	{"loadavg", "/proc/loadavg", own_loadavg, true},
	{"online", "/sys/devices/system/cpu/online", own_online, false},
};
#define N_FILES (sizeof(files) / sizeof(*files))

static bool has_mount(const struct config *cfg, const char *at)
{
	for (size_t i = 0; i < cfg->n_mounts; i++)
		if (cfg->mounts[i].destination && str_eq(cfg->mounts[i].destination, at))
			return true;
	return false;
}

void own_size_mounts(const char *root, const char *id, struct arena *mem, struct config *cfg)
{
	static const char *const options[] = {"bind", "ro", "nosuid", "nodev", "noexec"};
	const size_t n = sizeof(options) / sizeof(*options);

	if (!shares_wants(cfg->annotations, cfg->n_annotations, SHARES_OWN_SIZE))
		return;
	struct config_mount *list = arena_zalloc(mem, cfg->n_mounts + N_FILES, sizeof(*list));
	const char **copy = arena_zalloc(mem, n, sizeof(*copy));
	memcpy(copy, options, sizeof(options));
	if (cfg->n_mounts)
		memcpy(list, cfg->mounts, cfg->n_mounts * sizeof(*list));
	cfg->mounts = list;
	for (size_t i = 0; i < N_FILES; i++) {
		if (!has_mount(cfg, str_starts(files[i].path, "/proc") ? "/proc" : "/sys"))
			continue;
		list[cfg->n_mounts++] = (struct config_mount){
			.destination = files[i].path,
			.type = "bind",
			.source = arena_printf(mem, "%s/%s/own/%s", root, id, files[i].name),
			.options = copy,
			.n_options = n};
	}
}

/* In place: what is bound is the file, not its name. In one write, and seldom another length than
 * before, so that a reader finds the old lines or the new ones. */
static int write_file(int dir, const char *name, const struct str *text)
{
	auto_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	int r = fd_write_all(fd, text->p, text->len);
	return r < 0 ? r : ftruncate(fd, (off_t)text->len) < 0 ? -errno : 0;
}

static int write_files(const struct container *c, int dir, const struct own_size *size,
		       bool only_moving, struct err *err)
{
	for (size_t i = 0; i < N_FILES; i++) {
		auto_(str) struct str host = {0}, text = {0};
		if (only_moving && !files[i].moves)
			continue;
		int r = fd_read_file(AT_FDCWD, files[i].path, HOST_MAX, &host);
		if (r == 0) {
			files[i].make(size, host.p ? host.p : "", &text);
			r = write_file(dir, files[i].name, &text);
		}
		if (r < 0)
			return err_set(err, r, "write %s/own/%s", c->dir, files[i].name);
	}
	return 0;
}

bool own_size_wants(const struct container *c)
{
	return c->state &&
	       shares_wants(c->state->annotations, c->state->n_annotations, SHARES_OWN_SIZE);
}

int own_size_write(const struct container *c, enum own_size_when when, struct err *err)
{
	bool is_new = when == OWN_SIZE_NEW, is_beat = when == OWN_SIZE_BEAT;
	struct own_size size;

	if (!own_size_wants(c))
		return 0;
	if (is_new && mkdirat(c->dir_fd, "own", 0755) < 0 && errno != EEXIST)
		return err_set(err, errno, "make %s/own", c->dir);
	auto_fd int dir = openat(c->dir_fd, "own", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_set(err, errno, "open %s/own", c->dir);
	/* Who is writing them now does it for a beat as well. */
	if (flock(dir, is_beat ? LOCK_EX | LOCK_NB : LOCK_EX) < 0)
		return is_beat && errno == EWOULDBLOCK ? 0
						       : err_set(err, errno, "lock %s/own", c->dir);
	int r = find_out(c, dir, is_new, &size, err);
	return r < 0 ? r : write_files(c, dir, &size, is_beat, err);
}
