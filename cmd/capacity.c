/* SPDX-License-Identifier: Apache-2.0 */
/* capacity: what each tenant would need alone, what all need together, and what is left. */
#include <errno.h>
#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/human.h"
#include "cmd/out.h"
#include "runtime/base/clock.h"
#include "runtime/base/json.h"
#include "runtime/base/log.h"
#include "runtime/capacity.h"
#include "runtime/ledger.h"

/* clang-format off */
struct capacity_opts { const char *risk; bool json; };
static const struct arg capacity_args[] = {
	{"risk", 0, ARG_TEXT, offsetof(struct capacity_opts, risk), "PERCENT", "of the time in which not all may have what they want (1)"},
	{"json", 0, ARG_FLAG, offsetof(struct capacity_opts, json), NULL, "numbers for programs"},
	ARGS_END};
/* clang-format on */

static int see(void *ctx, const struct usage *u)
{
	uint64_t ns;

	if (clock_parse(u->time, &ns) == 0)
		capacity_add(ctx, u, ns);
	return 0;
}

/* What the machine has; what all need together; how much more of the same it could take. */
struct sums {
	uint64_t cpu, memory;             /* of the machine */
	uint64_t alone_cpu, alone_memory; /* if each had a machine for itself */
	struct capacity_need together;
};

static struct sums sum_up(const struct capacity_need *list, size_t n)
{
	struct sums s = {
		.cpu = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN) * 1000,
		.memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE),
		.together = list[n - 1],
	};

	for (size_t i = 0; i + 1 < n; i++) {
		s.alone_cpu += list[i].cpu;
		s.alone_memory += list[i].memory;
	}
	return s;
}

static uint64_t left(uint64_t all, uint64_t used)
{
	return all > used ? all - used : 0;
}

static void put_need(struct json_out *o, const char *key, const char *tenant, uint64_t cpu,
		     uint64_t memory)
{
	json_open(o, key, '{');
	if (tenant)
		json_text(o, "tenant", tenant);
	json_uint(o, "cpuMilli", cpu);
	json_uint(o, "memory", memory);
	json_close(o, '}');
}

static void print_json(const struct capacity_need *list, size_t n, const struct sums *s,
		       struct str *out)
{
	struct json_out o = {.s = out, .indent = "  "};

	json_open(&o, NULL, '{');
	json_open(&o, "tenants", '[');
	for (size_t i = 0; i + 1 < n; i++)
		put_need(&o, NULL, list[i].tenant, list[i].cpu, list[i].memory);
	json_close(&o, ']');
	put_need(&o, "alone", NULL, s->alone_cpu, s->alone_memory);
	put_need(&o, "together", NULL, s->together.cpu, s->together.memory);
	put_need(&o, "machine", NULL, s->cpu, s->memory);
	put_need(&o, "left", NULL, left(s->cpu, s->together.cpu),
		 left(s->memory, s->together.memory));
	json_close(&o, '}');
	str_add_char(out, '\n');
}

enum { COLUMNS = 3 };

static void add_row(const char *name, uint64_t cpu, uint64_t memory, struct words *cells,
		    struct arena *mem)
{
	words_add(cells, name, mem);
	words_add(cells, arena_printf(mem, "%.3f", (double)cpu / 1000), mem);
	words_add(cells, human_size(mem, memory), mem);
}

static void print_table(const struct capacity_need *list, size_t n, const struct sums *s,
			struct arena *mem, struct str *out)
{
	struct words cells = {0};

	words_add(&cells, "NEEDS", mem);
	words_add(&cells, "CPUS", mem);
	words_add(&cells, "MEMORY", mem);
	for (size_t i = 0; i + 1 < n; i++)
		add_row(list[i].tenant, list[i].cpu, list[i].memory, &cells, mem);
	add_row("each alone", s->alone_cpu, s->alone_memory, &cells, mem);
	add_row("all together", s->together.cpu, s->together.memory, &cells, mem);
	add_row("the machine", s->cpu, s->memory, &cells, mem);
	add_row("left", left(s->cpu, s->together.cpu), left(s->memory, s->together.memory), &cells,
		mem);
	out_table(out, cells.v, cells.n / COLUMNS, COLUMNS);
}

static int do_capacity(struct call *call, struct err *err)
{
	const struct capacity_opts *o = call->opts;
	auto_(capacity) struct capacity *c = capacity_new();
	auto_(str) struct str text = {0};
	struct capacity_need *list;
	uint64_t risk = 1;
	unsigned torn;

	if (o->risk && (num_max(o->risk, 10, 99, &risk) < 0))
		return err_say(err, EINVAL, "--risk: expected 0 to 99 percent, got \"%.40s\"",
			       o->risk);
	int r = ledger_read(call->g->root, see, c, &torn, err);
	if (r < 0)
		return r;
	size_t n = capacity_needs(c, 100 - (unsigned)risk, call->mem, &list);
	const struct sums s = sum_up(list, n);
	if (!s.together.slots)
		log_warning("the ledger is empty: run `ctr usage` from a timer to fill it");
	if (o->json)
		print_json(list, n, &s, &text);
	else
		print_table(list, n, &s, call->mem, &text);
	return out_text(&text, err);
}

const struct command cmd_capacity = {
	.name = "capacity",
	.usage = "[flags]",
	.about = "what tenants need alone and together, and what the machine has left",
	.examples = "ctr capacity\nctr capacity --risk 5 --json\n",
	.args = {capacity_args, false},
	.opts_size = sizeof(struct capacity_opts),
	.flags = CMD_ENGINE,
	.run = do_capacity,
};
