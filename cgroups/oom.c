/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cgroups/counters.h"
#include "cgroups/file.h"
#include "cgroups/name.h"
#include "cgroups/oom.h"
#include "runtime/base/clock.h"
#include "runtime/base/str.h"

enum { STATS_MAX = 96, LEVELS_MAX = 32, RECORD_MAX = 8192 };

const char *const cg_oom_words[] = {
	[CG_OOM_NONE] = "none",       [CG_OOM_OWN] = "own",         [CG_OOM_ANCESTOR] = "ancestor",
	[CG_OOM_MACHINE] = "machine", [CG_OOM_UNKNOWN] = "unknown",
};

/* ---- the kernel's log ------------------------------------------------------------------------- */

/* One kill: from the line that says which task asked for memory to the one that names the victim. */
struct report {
	const char *begin, *verdict, *end;
};

/* The text behind `key` up to one of `stop`, in a line that ends at `end`. */
static char *field(struct arena *mem, const char *line, const char *end, const char *key,
		   const char *stop)
{
	const char *at = memmem(line, (size_t)(end - line), key, strlen(key));

	if (!at)
		return NULL;
	at += strlen(key);
	size_t n = 0;
	while (at + n < end && !strchr(stop, at[n]))
		n++;
	return arena_copy(mem, at, n);
}

static uint64_t number(struct arena *mem, const char *line, const char *end, const char *key)
{
	const char *text = field(mem, line, end, key, " ,\n");

	return text ? strtoull(text, NULL, 10) : 0;
}

static const char *line_end(const char *line)
{
	return line + strcspn(line, "\n");
}

/* Whether `path` is `group` or lies below. */
static bool is_below(const char *path, const char *group)
{
	size_t n = strlen(group);

	return strncmp(path, group, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

/* How many kills in the group there are from that time on, and the last one. */
static uint64_t find_reports(const char *log, const char *group, int64_t since_us,
			     struct arena *mem, struct report *ret)
{
	struct report now = {.begin = log};
	uint64_t found = 0;

	for (const char *line = log; *line; line = line_end(line) + (*line_end(line) == '\n')) {
		const char *end = line_end(line);
		if (memmem(line, (size_t)(end - line), " invoked oom-killer:", 20))
			now.begin = line;
		if (!memmem(line, (size_t)(end - line), " oom-kill:constraint=", 21))
			continue;
		const char *task = field(mem, line, end, ",task_memcg=", ",\n");
		if (!task || !is_below(task, group) || strtoll(line, NULL, 10) < since_us)
			continue;
		now.verdict = line;
		now.end = *end ? line_end(end + 1) : end;
		*ret = now;
		found++;
	}
	return found;
}

static void add_stat(struct cg_death *d, const char *key, uint64_t value)
{
	if (d->n_stats < STATS_MAX)
		d->stats[d->n_stats++] = (struct cg_oom_stat){key, value};
}

/* "anon 4096", and "kmem: usage 12kB, limit 13kB, failcnt 0", of which v1's memory.stat has nothing.
 * v1 also has the group without what is below it; "total_…" are the ones that count. */
static void take_stat(struct arena *mem, const char *line, const char *end, struct cg_death *d)
{
	char key[64], tail = 0;
	uint64_t value, limit;

	while (line < end && *line != ' ') /* the time */
		line++;
	line += line < end;
	const char *text = arena_copy(mem, line, (size_t)(end - line));
	if (sscanf(text, "%63[a-z+]: usage %" SCNu64 "kB, limit %" SCNu64 "kB", key, &value,
		   &limit) == 3) {
		add_stat(d, arena_printf(mem, "usage:%s", key), value * 1024);
		if (str_eq(key, "memory"))
			d->limit = cg_unlimited(limit * 1024) == UINT64_MAX ? 0 : limit * 1024;
	}
	if (sscanf(text, "%63[a-z_] %" SCNu64 "%c", key, &value, &tail) == 2)
		add_stat(d, arena_str(mem, key), value);
}

static void read_report(const struct report *r, struct arena *mem, struct cg_death *d)
{
	const char *end = line_end(r->verdict);
	const char *next = *end ? end + 1 : end;
	const char *group = field(mem, r->verdict, end, ",oom_memcg=", ",\n");

	d->is_in_log = true;
	d->when_us = strtoll(r->verdict, NULL, 10);
	d->pid = (int64_t)number(mem, r->verdict, end, ",pid=");
	d->uid = (int64_t)number(mem, r->verdict, end, ",uid=");
	d->task = field(mem, r->verdict, end, ",task=", ",\n");
	d->group = group ? group : "";
	d->anon_rss = number(mem, next, r->end, "anon-rss:") * 1024;
	d->stats = arena_zalloc(mem, STATS_MAX, sizeof(*d->stats));
	for (const char *line = r->begin; line < r->verdict; line = line_end(line) + 1)
		take_stat(mem, line, line_end(line), d);
}

/* The log's clock is not corrected as the others are, so it is asked only where it must be. */
bool cg_oom_parse(const char *log, const struct cg_oom_subject *who, struct arena *mem,
		  struct cg_death *ret)
{
	struct report r = {0};
	uint64_t n = find_reports(log, who->path, INT64_MIN, mem, &r);

	if (n > who->kills)
		n = find_reports(log, who->path, who->since_us, mem, &r);
	if (!n || n > who->kills)
		return false;
	read_report(&r, mem, ret);
	ret->cause = !*ret->group                      ? CG_OOM_MACHINE
		     : is_below(ret->group, who->path) ? CG_OOM_OWN
						       : CG_OOM_ANCESTOR;
	return true;
}

/* "6,1234,5678900,-;text": priority, number, microseconds since boot. Lines of one record that follow
 * its first are the kernel's annotations and begin with a blank; newlines inside are "\x0a". */
static void add_record(struct str *log, const char *record)
{
	const char *text = strchr(record, ';');
	unsigned long long when;

	if (!text || sscanf(record, "%*u,%*u,%llu", &when) != 1)
		return;
	text++;
	size_t len = strcspn(text, "\n");
	str_addf(log, "%llu ", when);
	for (size_t i = 0; i < len; i++) {
		if (len - i >= 4 && strncmp(text + i, "\\x0a", 4) == 0) {
			str_addf(log, "\n%llu ", when);
			i += 3;
		} else {
			str_add_char(log, text[i]);
		}
	}
	str_add_char(log, '\n');
}

/* Silent when it may not be read: the counters then speak alone. */
static void read_log(struct str *log)
{
	char record[RECORD_MAX];
	auto_fd int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	while (fd >= 0) {
		ssize_t n = read(fd, record, sizeof(record) - 1);
		if (n < 0 && errno == EPIPE) /* overwritten meanwhile: go on behind it */
			continue;
		if (n <= 0)
			return;
		record[n] = '\0';
		add_record(log, record);
	}
}

/* ---- the groups ------------------------------------------------------------------------------- */

static void read_level(const char *dir, bool is_v1, struct cg_oom_level *l)
{
	uint64_t swap_fails = 0;

	l->limit = UINT64_MAX;
	if (is_v1) {
		cg_file_u64(dir, "memory.limit_in_bytes", &l->limit);
		cg_file_u64(dir, "memory.usage_in_bytes", &l->usage);
		cg_file_u64(dir, "memory.max_usage_in_bytes", &l->peak);
		cg_file_u64(dir, "memory.failcnt", &l->fails);
		cg_file_u64(dir, "memory.memsw.failcnt", &swap_fails);
		l->fails += swap_fails;
		l->limit = cg_unlimited(l->limit);
		return;
	}
	cg_file_u64(dir, "memory.max", &l->limit);
	cg_file_u64(dir, "memory.current", &l->usage);
	cg_file_u64(dir, "memory.peak", &l->peak);
	cg_file_key(dir, "memory.events.local", "max", &l->fails);
	cg_file_key(dir, "memory.events.local", "oom", &l->ooms);
}

/* From the container's group up to the mount point, which is not one of them. */
static void read_levels(const char *dir, bool is_v1, struct arena *mem, struct cg_death *d)
{
	char path[PATH_MAX];
	char *slash;

	d->levels = arena_zalloc(mem, LEVELS_MAX, sizeof(*d->levels));
	snprintf(path, sizeof(path), "%s", dir);
	while (d->n_levels < LEVELS_MAX && access(path, F_OK) == 0) {
		char probe[PATH_MAX + 32];
		snprintf(probe, sizeof(probe), "%s/../cgroup.procs", path);
		if (access(probe, F_OK) < 0)
			return;
		struct cg_oom_level *l = &d->levels[d->n_levels++];
		l->dir = arena_str(mem, path);
		read_level(path, is_v1, l);
		slash = strrchr(path, '/');
		if (!slash || slash == path)
			return;
		*slash = '\0';
	}
}

/* The kernel tells of ten kills in five seconds and of no more, and its log is a ring: then the counters
 * speak alone. v2 counts at the level whose limit it was ("oom"); v1 only how often a limit was reached,
 * and one of its own that never was cannot have been the one. */
static const struct cg_oom_level *guess_level(const struct cg_death *d)
{
	for (size_t i = 0; i < d->n_levels; i++)
		if (d->levels[i].ooms)
			return &d->levels[i];
	for (size_t i = 0; i < d->n_levels; i++)
		if (d->levels[i].fails && d->levels[i].limit != UINT64_MAX)
			return &d->levels[i];
	return NULL;
}

void cg_oom_guess(struct cg_death *d, size_t top)
{
	const struct cg_oom_level *l = guess_level(d);

	d->cause = !l ? CG_OOM_UNKNOWN : l == d->levels ? CG_OOM_OWN : CG_OOM_ANCESTOR;
	d->group = l ? l->dir + top : NULL;
	d->limit = l && l->limit != UINT64_MAX ? l->limit : 0;
}

/* How much of a group's name the mount point is: the kernel calls it by the rest. Where the mount shows
 * a part of the hierarchy only, the log has more in front: then what is visible has to do. */
static size_t top_of(const struct cg_death *d)
{
	const char *top = d->n_levels ? d->levels[d->n_levels - 1].dir : NULL;

	return top ? (size_t)(strrchr(top, '/') - top) : 0;
}

/* The log's line of the limit is of that moment; where it has none, what it is now. */
static uint64_t limit_of(const struct cg_death *d, size_t top)
{
	for (size_t i = 0; *d->group && i < d->n_levels; i++)
		if (str_eq(d->levels[i].dir + top, d->group) && d->levels[i].limit != UINT64_MAX)
			return d->levels[i].limit;
	return 0;
}

/* The log's clock begins with the machine: nanoseconds from 1970 to then. */
static int64_t boot_ns(void)
{
	struct timespec boot, now;

	clock_gettime(CLOCK_MONOTONIC, &boot);
	clock_gettime(CLOCK_REALTIME, &now);
	return (now.tv_sec - boot.tv_sec) * CLOCK_WHOLE + now.tv_nsec - boot.tv_nsec;
}

static const char *time_text(struct arena *mem, int64_t since_boot_us)
{
	char buf[CLOCK_TEXT_MAX];
	int64_t ns = boot_ns() + since_boot_us * 1000;

	return arena_str(mem, clock_text(buf, ns / CLOCK_WHOLE, CLOCK_WHOLE));
}

static void ask_log(const char *path, const char *created, struct arena *mem, struct cg_death *d)
{
	auto_(str) struct str log = {0};
	struct cg_oom_subject who = {path, d->kills, INT64_MIN};
	size_t top = top_of(d);
	uint64_t ns;

	if (created && clock_parse(created, &ns) == 0)
		who.since_us = ((int64_t)ns - boot_ns()) / 1000;
	read_log(&log);
	if (!log.p || !cg_oom_parse(log.p, &who, mem, d)) {
		cg_oom_guess(d, top);
		return;
	}
	d->when = time_text(mem, d->when_us);
	d->limit = d->limit ? d->limit : limit_of(d, top);
}

int cg_death(const struct cg_names *names, struct arena *mem, struct cg_death *ret, struct err *err)
{
	const char *v1 = cg_name_find(names->v, names->n, "memory"),
		   *dir = v1 ? v1 : cg_name_find(names->v, names->n, "");
	struct cg_death d = {0};

	if (!dir)
		return err_say(err, ENOTSUP, "the container has no memory cgroup");
	read_levels(dir, v1 != NULL, mem, &d);
	if (v1)
		cg_file_key(dir, "memory.oom_control", "oom_kill", &d.kills);
	else
		cg_file_key(dir, "memory.events", "oom_kill", &d.kills);
	if (d.kills)
		ask_log(dir + top_of(&d), names->created, mem, &d);
	*ret = d;
	return 0;
}

/* ---- in words --------------------------------------------------------------------------------- */

static uint64_t stat_of(const struct cg_death *d, const char *key)
{
	char total[80];

	snprintf(total, sizeof(total), "total_%s", key);
	for (size_t pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < d->n_stats; i++)
			if (str_eq(d->stats[i].key, pass ? key : total))
				return d->stats[i].value;
	return 0;
}

const char *cg_oom_mostly(const struct cg_death *d)
{
	const uint64_t kernel = stat_of(d, "kernel") + stat_of(d, "usage:kmem");
	const struct {
		uint64_t value;
		const char *text;
	} kinds[] = {
		{stat_of(d, "anon") + stat_of(d, "rss"), "the programs' own memory"},
		{stat_of(d, "shmem"),
		 "shared memory and files on tmpfs, which stay until they are removed"},
		{kernel, "the kernel's: page tables, sockets, pipes, names of files"},
	};
	size_t best = 0;

	if (!d->n_stats)
		return NULL;
	for (size_t i = 1; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (kinds[i].value > kinds[best].value)
			best = i;
	return kinds[best].value ? kinds[best].text : NULL;
}
