/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "runtime/base/fd.h"
#include "runtime/base/str.h"
#include "runtime/shares.h"

enum { SMALL = 4096, PR_GET_MEMORY_MERGE = 68 };

/* ---- numbers ---------------------------------------------------------------------------------- */

struct size_row {
	const char *flag;
	const char *text;
	int64_t *value;
	bool *has;
};

static int parse_sizes(const struct size_row *rows, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (!rows[i].text)
			continue;
		if (num_size(rows[i].text, rows[i].value) < 0)
			return err_say(
				err, EINVAL,
				"--%s: expected a size such as 512m or 2g, or -1 for no limit, "
				"got \"%.40s\"",
				rows[i].flag, rows[i].text);
		*rows[i].has = true;
	}
	return 0;
}

struct weight_row {
	const char *flag, *text;
	uint32_t min, max;
	uint32_t *value;
	bool *has;
};

static int parse_weight(const struct weight_row *w, struct err *err)
{
	uint64_t n;

	if (!w->text)
		return 0;
	if (num_max(w->text, 10, w->max, &n) < 0 || n < w->min)
		return err_say(err, EINVAL, "--%s: expected %u to %u, got \"%.40s\"", w->flag,
			       w->min, w->max, w->text);
	*w->value = (uint32_t)n;
	*w->has = true;
	return 0;
}

static int parse_cpu(const struct share_flags *f, struct tenant_shares *s, struct err *err)
{
	uint64_t n = 0;

	if (f->cpus) {
		bool none = str_eq(f->cpus, "-1");
		if (!none && (shares_cpus(f->cpus, &n) < 0 || n < 10))
			return err_say(
				err, EINVAL,
				"--cpus: expected a number such as 1.5, at least 0.01, or -1 for "
				"no limit, got \"%.40s\"",
				f->cpus);
		s->cpu_milli = none ? -1 : (int64_t)n;
		s->has_cpu_milli = true;
	}
	if (f->cpu_min) {
		if (shares_cpus(f->cpu_min, &s->cpu_min_milli) < 0)
			return err_say(err, EINVAL,
				       "--cpu-min: expected a number such as 1.5, got \"%.40s\"",
				       f->cpu_min);
		s->has_cpu_min_milli = true;
	}
	if (f->cpu_burst) {
		if (num_max(f->cpu_burst, 10, 10000000, &s->cpu_burst_us) < 0)
			return err_say(err, EINVAL,
				       "--cpu-burst: expected microseconds, got \"%.40s\"",
				       f->cpu_burst);
		s->has_cpu_burst_us = true;
	}
	if (f->cpu_idle && f->cpu_weight)
		return err_say(
			err, EINVAL,
			"--cpu-idle: who only gets what nobody else wants has no --cpu-weight");
	if (f->cpu_idle)
		s->cpu_idle = s->has_cpu_idle = true;
	else if (f->cpu_weight)
		s->cpu_idle = false;
	const struct weight_row weight = {"cpu-weight", f->cpu_weight,  1,
					  10000,        &s->cpu_weight, &s->has_cpu_weight};
	return parse_weight(&weight, err);
}

static int parse_memory(const struct share_flags *f, struct tenant_shares *s, struct err *err)
{
	const struct size_row rows[] = {
		{"memory", f->memory, &s->memory, &s->has_memory},
		{"memory-min", f->memory_min, &s->memory_min, &s->has_memory_min},
		{"memory-low", f->memory_low, &s->memory_low, &s->has_memory_low},
		{"memory-high", f->memory_high, &s->memory_high, &s->has_memory_high},
		{"swap", f->swap, &s->swap, &s->has_swap},
		{"zswap", f->zswap, &s->zswap, &s->has_zswap},
	};
	int r = parse_sizes(rows, sizeof(rows) / sizeof(*rows), err);

	if (r < 0)
		return r;
	if (f->memory && s->memory == 0)
		return err_say(err, EINVAL, "--memory: nothing can live in 0 bytes");
	if (s->has_memory && s->memory > 0 && s->has_memory_min && s->memory_min > s->memory)
		return err_say(err, EINVAL, "--memory-min can't be more than --memory");
	return 0;
}

/* ---- what only a look tells ------------------------------------------------------------------- */

static int parse_numa(const char *node, struct arena *mem, struct tenant_shares *s, struct err *err)
{
	auto_(str) struct str list = {0};
	uint64_t n;

	if (num_max(node, 10, 1023, &n) < 0)
		return err_say(err, EINVAL, "--numa: expected the number of a node, got \"%.40s\"",
			       node);
	const char *path = arena_printf(mem, "/sys/devices/system/node/node%" PRIu64 "/cpulist", n);
	int r = fd_read_file(AT_FDCWD, path, SMALL, &list);
	if (r == -ENOENT) {
		err_say(err, EINVAL, "--numa: this machine has no node %" PRIu64, n);
		err_hint(err, "ls /sys/devices/system/node shows them");
		return -EINVAL;
	}
	if (r < 0)
		return err_set(err, r, "read %s", path);
	s->cpus = arena_copy(mem, list.p ? list.p : "", list.p ? strcspn(list.p, "\n") : 0);
	s->mems = arena_printf(mem, "%" PRIu64, n);
	return 0;
}

/* "/dev/sda" or "8:0"; that it is a whole disk the kernel sees to. */
static int find_device(const char *text, size_t len, struct arena *mem, const char **ret,
		       struct err *err)
{
	const char *name = arena_copy(mem, text, len);
	unsigned major, minor;
	struct stat st;
	char tail;

	if (sscanf(name, "%u:%u%c", &major, &minor, &tail) == 2) {
		*ret = name;
		return 0;
	}
	if (stat(name, &st) < 0)
		return err_set(err, errno, "look at %s", name);
	if (!S_ISBLK(st.st_mode))
		return err_say(err, ENOTBLK, "%s is not a block device", name);
	*ret = arena_printf(mem, "%u:%u", major(st.st_rdev), minor(st.st_rdev));
	return 0;
}

/* One KEY=VALUE of io.max; the value a size or "max". */
static int add_throttle(struct str *line, const char *word, size_t n, struct err *err)
{
	static const char *const keys[] = {"rbps", "wbps", "riops", "wiops"};
	const char *equals = memchr(word, '=', n);
	char value[32];
	int64_t number;

	for (size_t i = 0; equals && i < sizeof(keys) / sizeof(*keys); i++) {
		if (strlen(keys[i]) != (size_t)(equals - word) ||
		    strncmp(word, keys[i], strlen(keys[i])) != 0)
			continue;
		snprintf(value, sizeof(value), "%.*s", (int)(n - (size_t)(equals - word) - 1),
			 equals + 1);
		if (str_eq(value, "max")) {
			str_addf(line, " %s=max", keys[i]);
			return 0;
		}
		if (num_size(value, &number) < 0 || number <= 0)
			break;
		str_addf(line, " %s=%" PRId64, keys[i], number);
		return 0;
	}
	return err_say(err, EINVAL,
		       "expected rbps=, wbps=, riops= or wiops= and a number, got \"%.*s\"", (int)n,
		       word);
}

/* DEVICE:KEY=VALUE[,KEY=VALUE...]; the colon is the last one before the first "=". */
static int parse_io_max(const char *text, struct arena *mem, const char **ret, struct err *err)
{
	auto_(str) struct str line = {0};
	size_t head = strcspn(text, "=");
	const char *device = NULL;

	while (head && text[head - 1] != ':')
		head--;
	if (head < 2)
		return err_say(err, EINVAL, "expected DEVICE:rbps=SIZE,wiops=N, got \"%.60s\"",
			       text);
	int r = find_device(text, head - 1, mem, &device, err);
	str_add(&line, r < 0 ? "" : device);
	for (const char *at = text + head; r == 0 && *at;) {
		size_t n = strcspn(at, ",");
		r = add_throttle(&line, at, n, err);
		at += n + (at[n] == ',');
	}
	if (r == 0)
		*ret = arena_str(mem, line.p);
	return r;
}

/* DEVICE:MILLISECONDS */
static int parse_io_latency(const char *text, struct arena *mem, const char **ret, struct err *err)
{
	const char *colon = strrchr(text, ':'), *device = NULL;
	uint64_t ms;

	if (!colon || colon == text || num_max(colon + 1, 10, 100000, &ms) < 0)
		return err_say(err, EINVAL, "expected DEVICE:MILLISECONDS, got \"%.60s\"", text);
	int r = find_device(text, (size_t)(colon - text), mem, &device, err);
	if (r == 0)
		*ret = arena_printf(mem, "%s target=%" PRIu64, device, ms * 1000);
	return r;
}

struct lines {
	const char **v;
	size_t n;
};
typedef int line_parser(const char *text, struct arena *mem, const char **ret, struct err *err);

/* Those that were given take the place of what there was. */
static int parse_lines(const struct words *in, line_parser *parse, struct arena *mem,
		       struct lines *lines, struct err *err)
{
	const char **list = arena_zalloc(mem, in->n, sizeof(*list));

	for (size_t i = 0; i < in->n; i++) {
		int r = parse(in->v[i], mem, &list[i], err);
		if (r < 0)
			return r;
	}
	if (in->n)
		*lines = (struct lines){list, in->n};
	return 0;
}

static int parse_io(const struct share_flags *f, struct arena *mem, struct tenant_shares *s,
		    struct err *err)
{
	const struct weight_row weight = {"io-weight", f->io_weight,  10,
					  1000,        &s->io_weight, &s->has_io_weight};
	struct lines max = {s->io_max, s->n_io_max}, latency = {s->io_latency, s->n_io_latency};
	int r = parse_weight(&weight, err);

	if (r == 0 && parse_lines(&f->io_max, parse_io_max, mem, &max, err) < 0)
		r = err_wrap(err, "--io-max");
	if (r == 0 && parse_lines(&f->io_latency, parse_io_latency, mem, &latency, err) < 0)
		r = err_wrap(err, "--io-latency");
	s->io_max = max.v;
	s->n_io_max = max.n;
	s->io_latency = latency.v;
	s->n_io_latency = latency.n;
	return r;
}

int shares_parse(const struct share_flags *f, struct arena *mem, struct tenant_shares *s,
		 struct err *err)
{
	int r = parse_cpu(f, s, err);

	if (r < 0 || (r = parse_memory(f, s, err)) < 0)
		return r;
	if (f->numa && (r = parse_numa(f->numa, mem, s, err)) < 0)
		return r;
	s->cpus = f->cpuset_cpus ? f->cpuset_cpus : s->cpus;
	s->mems = f->cpuset_mems ? f->cpuset_mems : s->mems;
	if (f->pids) {
		if (num_i64(f->pids, &s->pids) < 0 || s->pids < -1 || s->pids == 0)
			return err_say(
				err, EINVAL,
				"--pids: expected a number, or -1 for no limit, got \"%.40s\"",
				f->pids);
		s->has_pids = true;
	}
	return parse_io(f, mem, s, err);
}

/* ---- disks ------------------------------------------------------------------------------------ */

/* Whether a line of io.cost.qos is "8:0 enable=1 ctrl=auto ...". */
static bool has_cost_model(const char *qos, const char *device)
{
	size_t n = strlen(device);

	for (const char *line = qos; line && *line; line += *line == '\n') {
		const char *end = line + strcspn(line, "\n"), *on = strstr(line, " enable=1");
		if (strncmp(line, device, n) == 0 && line[n] == ' ' && on && on < end)
			return true;
		line = end;
	}
	return false;
}

/* BFQ keeps weights by itself; any other scheduler needs the cost model (io.cost) to be turned on. */
static bool keeps_weights(const char *disk, const char *qos, struct arena *mem)
{
	auto_(str) struct str scheduler = {0}, device = {0};

	fd_read_file(AT_FDCWD, arena_printf(mem, "/sys/block/%s/queue/scheduler", disk), SMALL,
		     &scheduler);
	if (scheduler.p && strstr(scheduler.p, "[bfq]"))
		return true;
	fd_read_file(AT_FDCWD, arena_printf(mem, "/sys/block/%s/dev", disk), SMALL, &device);
	if (!device.p)
		return false;
	device.p[strcspn(device.p, "\n")] = '\0';
	return has_cost_model(qos, device.p);
}

/* What is no disk, or has one below it that counts. */
static bool is_made_up(const char *disk)
{
	return *disk == '.' || str_starts(disk, "loop") || str_starts(disk, "ram") ||
	       str_starts(disk, "zram");
}

const char *shares_io_warning(struct arena *mem)
{
	auto_(str) struct str qos = {0}, names = {0};
	DIR *dir = opendir("/sys/block");

	fd_read_file(AT_FDCWD, "/sys/fs/cgroup/io.cost.qos", SMALL, &qos);
	for (struct dirent *d; dir && (d = readdir(dir));)
		if (!is_made_up(d->d_name) && !keeps_weights(d->d_name, qos.p, mem))
			str_addf(&names, "%s%s", names.len ? ", " : "", d->d_name);
	if (dir)
		closedir(dir);
	if (!names.len)
		return NULL;
	return arena_printf(
		mem,
		"I/O weights do nothing on %s: its scheduler is not bfq (echo bfq > "
		"/sys/block/NAME/queue/scheduler) and no cost model is on (io.cost.qos)",
		names.p);
}

/* ---- what the kernel has ---------------------------------------------------------------------- */

/* A machine without hyperthreads has nothing to share: the kernel says ENODEV, and that is as good. */
static bool has_core_sched(void)
{
	enum { GET = 0 };
	unsigned long cookie;

	return prctl(PR_SCHED_CORE, GET, 0, 0, &cookie) == 0 || errno == ENODEV;
}

int shares_check(const struct config *cfg, const char **ret_warning, struct err *err)
{
	auto_(str) struct str run = {0};

	*ret_warning = NULL;
	if (shares_wants(cfg->annotations, cfg->n_annotations, SHARES_CORE_SCHED) &&
	    !has_core_sched()) {
		err_say(err, ENOTSUP, "--core-sched: this kernel has no core scheduling");
		err_hint(err,
			 "it needs CONFIG_SCHED_CORE; without it hyperthreads are kept apart by "
			 "--cpuset-cpus, or switched off with /sys/devices/system/cpu/smt/control");
		err_code(err, "kernel-unsupported");
		return -ENOTSUP;
	}
	if (!shares_wants(cfg->annotations, cfg->n_annotations, SHARES_PAGES))
		return 0;
	if (prctl(PR_GET_MEMORY_MERGE, 0, 0, 0, 0) < 0) {
		err_say(err, ENOTSUP, "--page-sharing: this kernel cannot merge a process's pages");
		err_hint(err, "it needs Linux 6.4 and CONFIG_KSM");
		err_code(err, "kernel-unsupported");
		return -ENOTSUP;
	}
	if (fd_read_file(AT_FDCWD, "/sys/kernel/mm/ksm/run", SMALL, &run) == 0 && run.p &&
	    *run.p != '1')
		*ret_warning = "--page-sharing: nothing is merged while KSM is off (echo 1 > "
			       "/sys/kernel/mm/ksm/run)";
	return 0;
}
