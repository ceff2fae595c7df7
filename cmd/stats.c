/* SPDX-License-Identifier: Apache-2.0 */
/* stats: what containers use now, beside what they may, as a table that is redrawn. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cgroups/stat.h"
#include "cmd/command.h"
#include "cmd/duration.h"
#include "cmd/human.h"
#include "cmd/out.h"
#include "runtime/base/clock.h"
#include "runtime/base/json.h"
#include "runtime/container.h"
#include "runtime/state.h"

/* clang-format off */
struct stats_opts { const char *interval, *format; bool no_stream, json; };
static const struct arg stats_args[] = {
	{"no-stream", 0, ARG_FLAG, offsetof(struct stats_opts, no_stream), NULL, "print one table and end"},
	{"json", 0, ARG_FLAG, offsetof(struct stats_opts, json), NULL, "a line of JSON a container instead"},
	{"format", 0, ARG_TEXT, offsetof(struct stats_opts, format), "FORMAT", "table or json (table)"},
	{"interval", 0, ARG_TEXT, offsetof(struct stats_opts, interval), "TIME", "what rates are taken over, as in 500ms or 5s (1s)"},
	ARGS_END};
/* clang-format on */

/* What of a container is shown. */
struct sample {
	const char *id;
	uint64_t when;                               /* nanoseconds */
	uint64_t cpu, throttled;                     /* nanoseconds */
	uint64_t cpu_limit;                          /* thousandths */
	uint64_t memory, peak, memory_limit, failed; /* bytes, and a count */
	uint64_t pids, pids_limit;
	uint64_t read, written, reads, writes;
	struct cg_psi psi[3]; /* cpu, memory, io */
};
static const char *const psi_keys[3] = {"cpu", "memory", "io"};

struct samples {
	struct sample *v;
	size_t n;
};

static uint64_t sum_of(const struct cg_stats *s, enum cg_blkio_kind kind, const char *op)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->blkio.n[kind]; i++)
		if (str_eq(s->blkio.items[kind][i].op, op))
			n += s->blkio.items[kind][i].value;
	return n;
}

static void take(const struct cg_stats *s, struct sample *ret)
{
	ret->when = clock_ns();
	ret->cpu = s->cpu.total;
	ret->throttled = s->cpu.throttled_time;
	ret->cpu_limit = s->cpu.limit;
	ret->memory = s->memory.usage.usage;
	ret->peak = s->memory.usage.max;
	ret->memory_limit = s->memory.usage.limit;
	ret->failed = s->memory.usage.failcnt;
	ret->pids = s->pids.current;
	ret->pids_limit = s->pids.limit;
	ret->read = sum_of(s, CG_BLKIO_SERVICE_BYTES, "Read");
	ret->written = sum_of(s, CG_BLKIO_SERVICE_BYTES, "Write");
	ret->reads = sum_of(s, CG_BLKIO_SERVICED, "Read");
	ret->writes = sum_of(s, CG_BLKIO_SERVICED, "Write");
	ret->psi[0] = s->cpu.psi;
	ret->psi[1] = s->memory.psi;
	ret->psi[2] = s->blkio.psi;
}

/* Of one container. False: it does not run. */
static bool look_at(const char *root, const char *id, struct sample *ret, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	auto_(cg_stats) struct cg_stats stats = {0};

	if (container_open(root, id, false, false, &c, err) < 0)
		return false;
	if (!c.state || c.pidfd < 0) {
		err_say(err, ESRCH, "container %s is not running", id);
		return false;
	}
	if (cg_stats(c.state->cgroups, c.state->n_cgroups, &stats, err) < 0)
		return false;
	*ret = (struct sample){.id = id};
	take(&stats, ret);
	return true;
}

/* Named containers must be there; of all, those that run are shown. */
static int look_at_all(const struct call *call, struct arena *mem, struct samples *ret,
		       struct err *err)
{
	const char **ids = call->words;
	int n = (int)call->n_words;
	struct err ignored;

	if (!n && (n = container_ids(call->g->root, mem, &ids, err)) < 0)
		return n;
	*ret = (struct samples){.v = arena_zalloc(mem, (size_t)n, sizeof(*ret->v))};
	for (int i = 0; i < n; i++)
		if (look_at(call->g->root, ids[i], &ret->v[ret->n], call->n_words ? err : &ignored))
			ret->n++;
		else if (call->n_words)
			return -err->num;
	return 0;
}

/* CPUs used since the earlier sample, in percent of one. */
static double cpu_percent(const struct sample *s, const struct samples *before)
{
	for (size_t i = 0; before && i < before->n; i++) {
		const struct sample *b = &before->v[i];
		if (str_eq(b->id, s->id) && s->when > b->when && s->cpu >= b->cpu)
			return 100.0 * (double)(s->cpu - b->cpu) / (double)(s->when - b->when);
	}
	return 0;
}

/* ---- as a table ------------------------------------------------------------------------------- */

enum { COLUMNS = 11 };
static const char *const header[COLUMNS] = {"ID",
					    "CPU",
					    "OF",
					    "THROTTLED",
					    "MEMORY",
					    "OF",
					    "PEAK",
					    "PIDS",
					    "READ",
					    "WRITTEN",
					    "PRESSURE cpu/mem/io some,full"};

static const char *pressure_cell(const struct sample *s, struct arena *mem)
{
	const struct cg_psi *p = s->psi;

	if (!p[0].is_known && !p[1].is_known && !p[2].is_known)
		return "-";
	return arena_printf(mem, "%.1f,%.1f / %.1f,%.1f / %.1f,%.1f %%", p[0].some.avg10,
			    p[0].full.avg10, p[1].some.avg10, p[1].full.avg10, p[2].some.avg10,
			    p[2].full.avg10);
}

static void add_row(const struct sample *s, const struct samples *before, struct words *cells,
		    struct arena *mem)
{
	const char *row[COLUMNS] = {
		s->id,
		arena_printf(mem, "%.1f %%", cpu_percent(s, before)),
		human_cpus(mem, s->cpu_limit),
		human_seconds(mem, (double)s->throttled / 1e9),
		human_size(mem, s->memory),
		human_limit(mem, s->memory_limit),
		human_size(mem, s->peak),
		s->pids_limit == UINT64_MAX
			? arena_printf(mem, "%" PRIu64, s->pids)
			: arena_printf(mem, "%" PRIu64 "/%" PRIu64, s->pids, s->pids_limit),
		human_size(mem, s->read),
		human_size(mem, s->written),
		pressure_cell(s, mem),
	};

	for (size_t i = 0; i < COLUMNS; i++)
		words_add(cells, row[i], mem);
}

static void add_table(const struct samples *now, const struct samples *before, struct arena *mem,
		      struct str *out)
{
	struct words cells = {0};

	for (size_t i = 0; i < COLUMNS; i++)
		words_add(&cells, header[i], mem);
	for (size_t i = 0; i < now->n; i++)
		add_row(&now->v[i], before, &cells, mem);
	out_table(out, cells.v, cells.n / COLUMNS, COLUMNS);
}

/* ---- as JSON ---------------------------------------------------------------------------------- */

static void put_limit(struct json_out *o, const char *key, uint64_t value)
{
	if (value == UINT64_MAX)
		json_text(o, key, "max");
	else
		json_uint(o, key, value);
}

static void put_pressure(struct json_out *o, const struct sample *s)
{
	json_open(o, "pressure", '{');
	for (int i = 0; i < 3; i++) {
		if (!s->psi[i].is_known)
			continue;
		json_open(o, psi_keys[i], '{');
		json_real(o, "some10", s->psi[i].some.avg10);
		json_real(o, "full10", s->psi[i].full.avg10);
		json_uint(o, "someUs", s->psi[i].some.total);
		json_uint(o, "fullUs", s->psi[i].full.total);
		json_close(o, '}');
	}
	json_close(o, '}');
}

static void add_line(const struct sample *s, const struct samples *before, struct str *out)
{
	struct json_out o = {.s = out};

	json_open(&o, NULL, '{');
	json_text(&o, "id", s->id);
	json_real(&o, "cpuPercent", cpu_percent(s, before));
	json_uint(&o, "cpuNs", s->cpu);
	put_limit(&o, "cpuLimitMilli", s->cpu_limit);
	json_uint(&o, "throttledNs", s->throttled);
	json_uint(&o, "memory", s->memory);
	json_uint(&o, "memoryPeak", s->peak);
	put_limit(&o, "memoryLimit", s->memory_limit);
	json_uint(&o, "memoryFails", s->failed);
	json_uint(&o, "pids", s->pids);
	put_limit(&o, "pidsLimit", s->pids_limit);
	json_uint(&o, "readBytes", s->read);
	json_uint(&o, "writtenBytes", s->written);
	json_uint(&o, "reads", s->reads);
	json_uint(&o, "writes", s->writes);
	put_pressure(&o, s);
	json_close(&o, '}');
	str_add_char(out, '\n');
}

/* ---- over and over ---------------------------------------------------------------------------- */

static int show(const struct samples *now, const struct samples *before, bool is_json,
		bool is_redrawn, struct arena *mem, struct err *err)
{
	auto_(str) struct str text = {0};

	if (is_redrawn)
		str_add(&text, "\033[H\033[J"); /* home, and clear what is below */
	for (size_t i = 0; is_json && i < now->n; i++)
		add_line(&now->v[i], before, &text);
	if (!is_json)
		add_table(now, before, mem, &text);
	return out_text(&text, err);
}

static int do_stats(struct call *call, struct err *err)
{
	const struct stats_opts *o = call->opts;
	struct arena mems[2] = {{0}}; /* of the earlier samples, and of these */
	struct samples rounds[2] = {{0}};
	bool is_json = o->json || (o->format && str_eq(o->format, "json"));
	bool redraws = !is_json && !o->no_stream && isatty(STDOUT_FILENO);
	int interval = o->no_stream ? 200 : 1000;

	if (o->format && !is_json && !str_eq(o->format, "table"))
		return err_say(err, EINVAL, "--format: expected table or json, got \"%.40s\"",
			       o->format);
	int r = o->interval ? duration_ms(o->interval, &interval, err) : 0;
	if (r == 0)
		r = look_at_all(call, &mems[0], &rounds[0], err);
	for (int i = 1; r == 0; i = !i) {
		struct timespec pause = {interval / 1000, interval % 1000 * 1000000L};
		nanosleep(&pause, NULL);
		arena_clear(&mems[i]);
		r = look_at_all(call, &mems[i], &rounds[i], err);
		if (r == 0)
			r = show(&rounds[i], &rounds[!i], is_json, redraws, &mems[i], err);
		if (o->no_stream)
			break;
	}
	arena_clear(&mems[0]);
	arena_clear(&mems[1]);
	return r;
}

const struct command cmd_stats = {
	.name = "stats",
	.usage = "[flags] [ID...]",
	.about = "watch what containers use",
	.examples = "ctr stats\nctr stats --no-stream web\nctr stats --json --interval 10s\n",
	.args = {stats_args, false},
	.opts_size = sizeof(struct stats_opts),
	.flags = CMD_ENGINE,
	.max_words = ANY_WORDS,
	.run = do_stats,
};
