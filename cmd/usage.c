/* SPDX-License-Identifier: Apache-2.0 */
/* usage: the bill. What containers have used, of the ledger, those that still run included. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cmd/command.h"
#include "cmd/duration.h"
#include "cmd/human.h"
#include "cmd/out.h"
#include "runtime/base/clock.h"
#include "runtime/base/json.h"
#include "runtime/base/log.h"
#include "runtime/ledger.h"
#include "runtime/state.h"

/* clang-format off */
struct usage_opts { const char *tenant, *since; bool json, containers; };
static const struct arg usage_args[] = {
	{"tenant", 0, ARG_TEXT, offsetof(struct usage_opts, tenant), "NAME", "this one only, and those below it"},
	{"since", 0, ARG_TEXT, offsetof(struct usage_opts, since), "TIME", "what was used after 2026-11-01T00:00:00Z, or in the last 90m"},
	{"containers", 'c', ARG_FLAG, offsetof(struct usage_opts, containers), NULL, "a line a container, not a tenant"},
	{"json", 0, ARG_FLAG, offsetof(struct usage_opts, json), NULL, "exact numbers for programs"},
	ARGS_END};
/* clang-format on */

/* ---- what is asked for ------------------------------------------------------------------------ */

/* A moment, or a time back from now; NULL stays NULL. */
static int read_since(const char *text, struct arena *mem, const char **ret, struct err *err)
{
	char buf[CLOCK_TEXT_MAX];
	int ms;

	*ret = text;
	if (!text || (strlen(text) >= 10 && text[4] == '-' && text[7] == '-'))
		return 0;
	if (duration_ms(text, &ms, err) < 0)
		return err_wrap(err, "--since");
	clock_text(buf, time(NULL) - ms / 1000, CLOCK_WHOLE);
	*ret = arena_str(mem, buf);
	return 0;
}

/* A look at everything that runs, so that the bill is up to now. */
static int look_at_all(const struct call *call, struct err *err)
{
	const char **ids;
	int n = container_ids(call->g->root, call->mem, &ids, err);

	for (int i = 0; i < n; i++) {
		auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
		struct err ignored;
		if (container_open(call->g->root, ids[i], true, false, &c, &ignored) < 0 ||
		    !c.state || !c.pid)
			continue;
		int r = ledger_note(&c, c.pidfd < 0 ? LEDGER_ENDED : LEDGER_RUNS, err);
		if (r < 0)
			return r;
	}
	return n < 0 ? n : ledger_sync(call->g->root, err);
}

static bool is_of(const char *tenant, const struct usage *u)
{
	size_t n = tenant ? strlen(tenant) : 0;

	if (!tenant)
		return true;
	return u->tenant && strncmp(u->tenant, tenant, n) == 0 &&
	       (u->tenant[n] == '\0' || u->tenant[n] == '/');
}

/* ---- rows ------------------------------------------------------------------------------------- */

struct row {
	const char *tenant, *id; /* id NULL: a tenant's sum */
	uint64_t containers;
	struct usage sum;
};

struct rows {
	struct row *v;
	size_t n;
};

static void add_up(struct usage *sum, const struct usage *u)
{
	sum->wall_ns += u->wall_ns;
	sum->cpu_ns += u->cpu_ns;
	sum->user_ns += u->user_ns;
	sum->system_ns += u->system_ns;
	sum->memory_byte_seconds += u->memory_byte_seconds;
	sum->memory_peak = u->memory_peak > sum->memory_peak ? u->memory_peak : sum->memory_peak;
	sum->read_bytes += u->read_bytes;
	sum->written_bytes += u->written_bytes;
	sum->reads += u->reads;
	sum->writes += u->writes;
	sum->net_received_bytes += u->net_received_bytes;
	sum->net_sent_bytes += u->net_sent_bytes;
	sum->net_received_packets += u->net_received_packets;
	sum->net_sent_packets += u->net_sent_packets;
	sum->net_outside_received_bytes += u->net_outside_received_bytes;
	sum->net_outside_sent_bytes += u->net_outside_sent_bytes;
	sum->net_outside_received_packets += u->net_outside_received_packets;
	sum->net_outside_sent_packets += u->net_outside_sent_packets;
}

static int compare(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int r = strcmp(x->tenant, y->tenant);

	return r || !x->id ? r : strcmp(x->id, y->id);
}

static struct row *row_for(struct rows *rows, const struct usage *u, bool by_container)
{
	const char *tenant = u->tenant ? u->tenant : "-";

	for (size_t i = 0; !by_container && i < rows->n; i++)
		if (str_eq(rows->v[i].tenant, tenant))
			return &rows->v[i];
	rows->v[rows->n] = (struct row){.tenant = tenant, .id = by_container ? u->id : NULL};
	return &rows->v[rows->n++];
}

static void make_rows(const struct ledger_fold *f, const struct usage_opts *o, struct arena *mem,
		      struct rows *ret)
{
	*ret = (struct rows){.v = arena_zalloc(mem, f->n + 1, sizeof(*ret->v))};
	for (size_t i = 0; i < f->n; i++) {
		struct usage u = ledger_spent(&f->v[i]);
		if (!is_of(o->tenant, &u) || (f->since && f->v[i].before.has_ended))
			continue;
		struct row *row = row_for(ret, &u, o->containers);
		row->containers++;
		add_up(&row->sum, &u);
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare);
}

static struct row total_of(const struct rows *rows)
{
	struct row total = {.tenant = "total"};

	for (size_t i = 0; i < rows->n; i++) {
		total.containers += rows->v[i].containers;
		add_up(&total.sum, &rows->v[i].sum);
	}
	return total;
}

/* ---- printing --------------------------------------------------------------------------------- */

enum { COLUMNS = 11 };
static const char *const header[COLUMNS] = {"TENANT", "CONTAINERS", "CPU",     "MEMORY x TIME",
					    "PEAK",   "READ",       "WRITTEN", "I/O",
					    "NET IN", "NET OUT",    "WALL"};

/* "3.0 MiB (1.0 MiB outside)" */
static const char *net_cell(uint64_t all, uint64_t outside, struct arena *mem)
{
	return outside ? arena_printf(mem, "%s (%s outside)", human_size(mem, all),
				      human_size(mem, outside))
		       : human_size(mem, all);
}

static void add_cells(const struct row *r, struct words *cells, struct arena *mem)
{
	const struct usage *u = &r->sum;
	double gib_hours = (double)u->memory_byte_seconds / 3600 / (1 << 30);
	const char *row[COLUMNS] = {
		r->tenant,
		r->id ? r->id : arena_printf(mem, "%" PRIu64, r->containers),
		human_seconds(mem, (double)u->cpu_ns / 1e9),
		arena_printf(mem, "%.6f GiB h", gib_hours),
		human_size(mem, u->memory_peak),
		human_size(mem, u->read_bytes),
		human_size(mem, u->written_bytes),
		arena_printf(mem, "%" PRIu64, u->reads + u->writes),
		net_cell(u->net_received_bytes, u->net_outside_received_bytes, mem),
		net_cell(u->net_sent_bytes, u->net_outside_sent_bytes, mem),
		human_seconds(mem, (double)u->wall_ns / 1e9),
	};

	for (size_t i = 0; i < COLUMNS; i++)
		words_add(cells, row[i], mem);
}

static void print_table(const struct rows *rows, struct arena *mem, struct str *out)
{
	const struct row total = total_of(rows);
	struct words cells = {0};

	for (size_t i = 0; i < COLUMNS; i++)
		words_add(&cells, header[i], mem);
	for (size_t i = 0; i < rows->n; i++)
		add_cells(&rows->v[i], &cells, mem);
	add_cells(&total, &cells, mem);
	out_table(out, cells.v, cells.n / COLUMNS, COLUMNS);
}

static void add_json(struct json_out *o, const char *key, const struct row *r)
{
	const struct usage *u = &r->sum;

	json_open(o, key, '{');
	if (!key)
		json_text(o, "tenant", str_eq(r->tenant, "-") ? NULL : r->tenant);
	if (r->id)
		json_text(o, "id", r->id);
	json_uint(o, "containers", r->containers);
	json_uint(o, "wallNs", u->wall_ns);
	json_uint(o, "cpuNs", u->cpu_ns);
	json_uint(o, "userNs", u->user_ns);
	json_uint(o, "systemNs", u->system_ns);
	json_uint(o, "memoryByteSeconds", u->memory_byte_seconds);
	json_uint(o, "memoryPeak", u->memory_peak);
	json_uint(o, "readBytes", u->read_bytes);
	json_uint(o, "writtenBytes", u->written_bytes);
	json_uint(o, "reads", u->reads);
	json_uint(o, "writes", u->writes);
	json_uint(o, "netReceivedBytes", u->net_received_bytes);
	json_uint(o, "netSentBytes", u->net_sent_bytes);
	json_uint(o, "netReceivedPackets", u->net_received_packets);
	json_uint(o, "netSentPackets", u->net_sent_packets);
	json_uint(o, "netOutsideReceivedBytes", u->net_outside_received_bytes);
	json_uint(o, "netOutsideSentBytes", u->net_outside_sent_bytes);
	json_uint(o, "netOutsideReceivedPackets", u->net_outside_received_packets);
	json_uint(o, "netOutsideSentPackets", u->net_outside_sent_packets);
	json_close(o, '}');
}

static void print_json(const struct rows *rows, unsigned torn, struct str *out)
{
	struct json_out o = {.s = out, .indent = "  "};
	const struct row total = total_of(rows);

	json_open(&o, NULL, '{');
	json_open(&o, "rows", '[');
	for (size_t i = 0; i < rows->n; i++)
		add_json(&o, NULL, &rows->v[i]);
	json_close(&o, ']');
	add_json(&o, "total", &total);
	json_uint(&o, "tornRecords", torn);
	json_close(&o, '}');
	str_add_char(out, '\n');
}

static int see(void *ctx, const struct usage *u)
{
	ledger_add(ctx, u);
	return 0;
}

static int do_usage(struct call *call, struct err *err)
{
	const struct usage_opts *o = call->opts;
	auto_(ledger_fold) struct ledger_fold fold = {0};
	auto_(str) struct str text = {0};
	struct rows rows;
	unsigned torn;

	int r = read_since(o->since, call->mem, &fold.since, err);
	if (r < 0 || (r = look_at_all(call, err)) < 0 ||
	    (r = ledger_read(call->g->root, see, &fold, &torn, err)) < 0)
		return r;
	if (torn)
		log_warning("%u torn records were skipped", torn);
	make_rows(&fold, o, call->mem, &rows);
	if (o->json)
		print_json(&rows, torn, &text);
	else
		print_table(&rows, call->mem, &text);
	return out_text(&text, err);
}

const struct command cmd_usage = {
	.name = "usage",
	.usage = "[flags]",
	.about = "what tenants and their containers have used, for the bill",
	.examples = "ctr usage\nctr usage --tenant acme --since 2026-11-01T00:00:00Z --json\n",
	.args = {usage_args, false},
	.opts_size = sizeof(struct usage_opts),
	.flags = CMD_ENGINE,
	.run = do_usage,
};
