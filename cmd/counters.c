/* SPDX-License-Identifier: Apache-2.0 */
/* counters: the beancounter table of a container or of a tenant. */
#include <inttypes.h>

#include "cgroups/counters.h"
#include "cmd/command.h"
#include "cmd/groups.h"
#include "cmd/human.h"
#include "cmd/out.h"
#include "runtime/base/json.h"

/* clang-format off */
struct counters_opts { bool json; };
static const struct arg counters_args[] = {
	{"json", 0, ARG_FLAG, offsetof(struct counters_opts, json), NULL, "numbers for programs: bytes, thousandths of a CPU"},
	ARGS_END};
/* clang-format on */

enum { TABLE_COLUMNS = CG_COLUMNS + 1 };
static const char *const header[TABLE_COLUMNS] = {"RESOURCE", "HELD", "PEAK",
						  "SOFT",     "HARD", "FAILS"};
static const char *const keys[CG_COLUMNS] = {"held", "peak", "soft", "hard", "fails"};

static const char *cell(const struct cg_counter *c, enum cg_column i, struct arena *mem)
{
	uint64_t value = c->value[i];

	if (!(c->has >> i & 1))
		return "-";
	if (value == UINT64_MAX)
		return "max";
	if (i == CG_FAILS || c->unit == CG_COUNT)
		return arena_printf(mem, "%" PRIu64, value);
	return c->unit == CG_BYTES ? human_size(mem, value) : human_cpus(mem, value);
}

static void add_json(struct json_out *o, const struct cg_counter *c)
{
	json_open(o, NULL, '{');
	json_text(o, "resource", c->resource);
	for (unsigned i = 0; i < CG_COLUMNS; i++) {
		if (!(c->has >> i & 1))
			continue;
		if (c->value[i] == UINT64_MAX)
			json_text(o, keys[i], "max");
		else
			json_uint(o, keys[i], c->value[i]);
	}
	json_close(o, '}');
}

static void print_json(const struct cg_counter *list, int n, struct str *out)
{
	struct json_out o = {.s = out, .indent = "  "};

	json_open(&o, NULL, '[');
	for (int i = 0; i < n; i++)
		add_json(&o, &list[i]);
	json_close(&o, ']');
	str_add_char(out, '\n');
}

static void print_table(const struct cg_counter *list, int n, struct arena *mem, struct str *out)
{
	struct words cells = {0};

	for (unsigned i = 0; i < TABLE_COLUMNS; i++)
		words_add(&cells, header[i], mem);
	for (int row = 0; row < n; row++) {
		words_add(&cells, list[row].resource, mem);
		for (unsigned i = 0; i < CG_COLUMNS; i++)
			words_add(&cells, cell(&list[row], (enum cg_column)i, mem), mem);
	}
	out_table(out, cells.v, cells.n / TABLE_COLUMNS, TABLE_COLUMNS);
}

static int do_counters(struct call *call, struct err *err)
{
	const struct counters_opts *o = call->opts;
	auto_(str) struct str text = {0};
	struct groups of = {0};
	struct cg_counter *list;
	int n = groups_find(call, call->words[0], &of, err);

	if (n < 0 ||
	    (n = cg_counters((const char *const *)of.names, of.n, call->mem, &list, err)) < 0)
		return n;
	if (o->json)
		print_json(list, n, &text);
	else
		print_table(list, n, call->mem, &text);
	return out_text(&text, err);
}

const struct command cmd_counters = {
	.name = "counters",
	.usage = "[--json] NAME",
	.about =
		"what a container or tenant holds of each resource, and how often it was refused more",
	.examples = "ctr counters web\nctr counters acme/web\n",
	.args = {counters_args, false},
	.opts_size = sizeof(struct counters_opts),
	.flags = CMD_ENGINE,
	.min_words = 1,
	.max_words = 1,
	.run = do_counters,
};
