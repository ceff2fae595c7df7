/* SPDX-License-Identifier: Apache-2.0 */
/* metrics: OpenMetrics text, for the textfile collector of Prometheus's node exporter. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "cgroups/meter.h"
#include "cgroups/name.h"
#include "cgroups/psi.h"
#include "cgroups/stat.h"
#include "cmd/command.h"
#include "cmd/out.h"
#include "runtime/base/fd.h"
#include "runtime/container.h"
#include "runtime/state.h"
#include "runtime/tenant.h"

/* clang-format off */
struct metrics_opts { const char *output; };
static const struct arg metrics_args[] = {
	{"output", 'o', ARG_TEXT, offsetof(struct metrics_opts, output), "FILE", "replace this file, so that nobody reads half of it"},
	ARGS_END};
/* clang-format on */

/* What is known of a container or of a tenant. */
struct source {
	const char *kind, *name, *tenant;
	struct cg_meter meter;
	struct cg_stats stats;
};

#define AT(member) offsetof(struct source, member)
/* clang-format off */
/* One family; the samples of counters end in _total, as the format wants it. */
static const struct family {
	const char *name, *type, *unit, *help;
	size_t at;       /* a uint64_t; the highest is "no limit" */
	double per_unit; /* how many of the kernel's are one of ours */
} families[] = {
	{"ctr_cpu_seconds", "counter", "seconds", "CPU time used.", AT(meter.cpu_ns), 1e9},
	{"ctr_cpu_user_seconds", "counter", "seconds", "CPU time used by programs themselves.", AT(meter.user_ns), 1e9},
	{"ctr_cpu_system_seconds", "counter", "seconds", "CPU time used by the kernel for them.", AT(meter.system_ns), 1e9},
	{"ctr_cpu_throttled_seconds", "counter", "seconds", "Time held back by the limit.", AT(stats.cpu.throttled_time), 1e9},
	{"ctr_cpu_limit", "gauge", NULL, "Most CPUs.", AT(stats.cpu.limit), 1e3},
	{"ctr_memory_bytes", "gauge", "bytes", "Memory held.", AT(meter.memory), 1},
	{"ctr_memory_peak_bytes", "gauge", "bytes", "The most that ever was held.", AT(meter.memory_peak), 1},
	{"ctr_memory_limit_bytes", "gauge", "bytes", "Most memory.", AT(stats.memory.usage.limit), 1},
	{"ctr_oom_kills", "counter", NULL, "Processes killed for memory.", AT(meter.oom_kills), 1},
	{"ctr_processes", "gauge", NULL, "Processes and threads.", AT(stats.pids.current), 1},
	{"ctr_processes_limit", "gauge", NULL, "Most processes and threads.", AT(stats.pids.limit), 1},
	{"ctr_read_bytes", "counter", "bytes", "Read from disks.", AT(meter.read_bytes), 1},
	{"ctr_written_bytes", "counter", "bytes", "Written to disks.", AT(meter.written_bytes), 1},
	{"ctr_reads", "counter", NULL, "Reads from disks.", AT(meter.reads), 1},
	{"ctr_writes", "counter", NULL, "Writes to disks.", AT(meter.writes), 1},
	{"ctr_cpu_waiting_seconds", "counter", "seconds", "Some task waited for a CPU.", AT(stats.cpu.psi.some.total), 1e6},
	{"ctr_memory_waiting_seconds", "counter", "seconds", "Some task waited for memory.", AT(stats.memory.psi.some.total), 1e6},
	{"ctr_memory_stalled_seconds", "counter", "seconds", "All tasks waited for memory.", AT(stats.memory.psi.full.total), 1e6},
	{"ctr_io_waiting_seconds", "counter", "seconds", "Some task waited for I/O.", AT(stats.blkio.psi.some.total), 1e6},
	{"ctr_io_stalled_seconds", "counter", "seconds", "All tasks waited for I/O.", AT(stats.blkio.psi.full.total), 1e6},
};
/* clang-format on */

/* ---- what there is ---------------------------------------------------------------------------- */

struct sources {
	struct source *v;
	size_t n;
};

static void sources_clear(struct sources *s)
{
	for (size_t i = 0; i < s->n; i++)
		cg_stats_clear(&s->v[i].stats);
	free(s->v);
	*s = (struct sources){0};
}

static void add_source(struct sources *list, struct source s, const char *const *names, size_t n)
{
	struct err gone;

	if (cg_meter(names, n, &s.meter, &gone) < 0 || cg_stats(names, n, &s.stats, &gone) < 0)
		return;
	list->v = mem_resize(list->v, list->n + 1, sizeof(*list->v));
	list->v[list->n++] = s;
}

static int add_containers(const struct call *call, struct sources *list, struct err *err)
{
	const char **ids;
	int n = container_ids(call->g->root, call->mem, &ids, err);

	for (int i = 0; i < n; i++) {
		auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
		struct err gone;
		if (container_open(call->g->root, ids[i], false, false, &c, &gone) < 0 || !c.state)
			continue;
		const char *tenant = c.state->tenant ? arena_str(call->mem, c.state->tenant) : "";
		add_source(list,
			   (struct source){.kind = "container", .name = ids[i], .tenant = tenant},
			   c.state->cgroups, c.state->n_cgroups);
	}
	return n < 0 ? n : 0;
}

static int add_tenants(const struct call *call, struct sources *list, struct err *err)
{
	auto_(tenants) struct tenants all = {.dir_fd = -1};
	int r = tenants_open(call->g->root, false, &all, err);

	for (size_t i = 0; r == 0 && i < all.n; i++) {
		const char *name = arena_str(call->mem, all.v[i]->name);
		add_source(list, (struct source){.kind = "tenant", .name = name, .tenant = name},
			   all.v[i]->groups, all.v[i]->n_groups);
	}
	return r;
}

/* ---- as text ---------------------------------------------------------------------------------- */

/* Ids and names of tenants hold no character that would have to be escaped. */
static void add_family(const struct family *f, const struct sources *list, struct str *out)
{
	bool is_counter = str_eq(f->type, "counter");

	str_addf(out, "# TYPE %s %s\n", f->name, f->type);
	if (f->unit)
		str_addf(out, "# UNIT %s %s\n", f->name, f->unit);
	str_addf(out, "# HELP %s %s\n", f->name, f->help);
	for (size_t i = 0; i < list->n; i++) {
		const struct source *s = &list->v[i];
		uint64_t value = *(const uint64_t *)((const char *)s + f->at);
		str_addf(out, "%s%s{kind=\"%s\",name=\"%s\",tenant=\"%s\"} ", f->name,
			 is_counter ? "_total" : "", s->kind, s->name, s->tenant);
		if (value == UINT64_MAX)
			str_add(out, "+Inf\n");
		else
			str_addf(out, "%.17g\n", (double)value / f->per_unit);
	}
}

static int replace_file(const char *path, const struct str *text, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char *dir = slash == path ? "/"
			  : slash       ? arena_copy(&mem, path, (size_t)(slash - path))
					: ".";
	auto_fd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : fd_replace(fd, name, text->p, text->len, 0644);

	return r < 0 ? err_set(err, r, "write %s", path) : 0;
}

static int do_metrics(struct call *call, struct err *err)
{
	const struct metrics_opts *o = call->opts;
	auto_(sources) struct sources list = {0};
	auto_(str) struct str text = {0};

	int r = add_containers(call, &list, err);
	if (r < 0 || (r = add_tenants(call, &list, err)) < 0)
		return r;
	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		add_family(&families[i], &list, &text);
	str_add(&text, "# EOF\n");
	return o->output ? replace_file(o->output, &text, err) : out_text(&text, err);
}

const struct command cmd_metrics = {
	.name = "metrics",
	.usage = "[--output FILE]",
	.about = "what containers and tenants use, as OpenMetrics text",
	.examples = "ctr metrics\nctr metrics -o /var/lib/prometheus/node-exporter/ctr.prom\n",
	.args = {metrics_args, false},
	.opts_size = sizeof(struct metrics_opts),
	.flags = CMD_ENGINE,
	.run = do_metrics,
};
