/* SPDX-License-Identifier: Apache-2.0 */
/* ps, inspect, rename. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/containers.h"
#include "cmd/describe.h"
#include "cmd/out.h"
#include "cmd/template.h"
#include "runtime/lifecycle.h"
#include "runtime/state.h"

/* ---- filters ----------------------------------------------------------------------------------*/

static const char *label_of(const struct container *c, const char *key, size_t n)
{
	const struct state_options *o = c->state->options;

	for (size_t i = 0; o && i < o->n_labels; i++)
		if (strlen(o->labels[i].key) == n && memcmp(o->labels[i].key, key, n) == 0)
			return o->labels[i].value;
	return NULL;
}

/* "KEY" or "KEY=VALUE". */
static bool has_label(const struct container *c, const char *want)
{
	size_t n = strcspn(want, "=");
	const char *value = label_of(c, want, n);

	return value && (!want[n] || str_eq(value, want + n + 1));
}

static bool has_health(const char *row, const char *want)
{
	auto_(str) struct str word = {0};

	str_addf(&word, "(%s)", want);
	return strstr(row, word.p) != NULL;
}

enum { FILTER_NAMES = 7 };
static const char *const filter_names[FILTER_NAMES] = {"name",   "id",    "ancestor", "status",
						       "exited", "label", "health"};

static bool matches(const struct container *c, const char *row, const char *filter)
{
	const char *value = strchr(filter, '=') + 1;
	enum container_status status = container_status(c);
	char code[16];

	if (str_starts(filter, "name=") || str_starts(filter, "id="))
		return strstr(c->id, value) != NULL;
	if (str_starts(filter, "ancestor="))
		return c->state->image && str_eq(c->state->image, value);
	if (str_starts(filter, "status="))
		return str_eq(describe_state(c, status), value);
	if (str_starts(filter, "label="))
		return has_label(c, value);
	if (str_starts(filter, "health="))
		return has_health(row, value);
	snprintf(code, sizeof(code), "%d", container_exit_code(c));
	return status == STATUS_STOPPED && str_eq(code, value);
}

static int check_filter(const char *filter, struct err *err)
{
	size_t n = strcspn(filter, "=");

	for (size_t i = 0; filter[n] && i < FILTER_NAMES; i++)
		if (strlen(filter_names[i]) == n && memcmp(filter_names[i], filter, n) == 0)
			return 0;
	return err_say(err, EINVAL,
		       "--filter: expected name, id, ancestor, status, exited, label or health, "
		       "= and a value, got \"%.60s\"",
		       filter);
}

/* Those of one name are alternatives, but for labels; different names must all hold. */
static bool passes(const struct container *c, const char *row, const struct words *filters)
{
	for (size_t i = 0; i < filters->n; i++) {
		size_t n = strcspn(filters->v[i], "=") + 1;
		bool holds = matches(c, row, filters->v[i]);
		for (size_t k = 0; !holds && n != sizeof("label=") - 1 && k < filters->n; k++)
			holds = strncmp(filters->v[k], filters->v[i], n) == 0 &&
				matches(c, row, filters->v[k]);
		if (!holds)
			return false;
	}
	return true;
}

static bool names_state(const struct words *filters)
{
	for (size_t i = 0; i < filters->n; i++)
		if (str_starts(filters->v[i], "status=") || str_starts(filters->v[i], "exited="))
			return true;
	return false;
}

/* ---- ps ---------------------------------------------------------------------------------------*/

enum { COLUMNS = 5, COMMAND_MAX = 24 };
static const char *const columns[COLUMNS] = {"Names", "Image", "Command", "RunningFor", "Status"};
static const char *const titles[COLUMNS] = {"NAME", "IMAGE", "COMMAND", "CREATED", "STATUS"};

static int add_cells(struct words *cells, const char *row, bool whole, struct arena *mem,
		     struct err *err)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		auto_(str) struct str cell = {0};
		if (template_pick(row, columns[i], false, &cell, err) < 0)
			return -err->num;
		if (i == 2 && !whole && cell.len > COMMAND_MAX)
			words_add(cells, arena_printf(mem, "%.*s...", COMMAND_MAX - 3, cell.p),
				  mem);
		else
			words_add(cells, arena_str(mem, cell.p ? cell.p : ""), mem);
	}
	return 0;
}

/* A template's cells, which tabs separate. Returns how many columns there are. */
static size_t add_line(struct words *cells, char *line, struct arena *mem)
{
	size_t n = 0;

	for (char *next = line; next; n++) {
		char *cell = strsep(&next, "\t");
		words_add(cells, arena_str(mem, cell), mem);
	}
	return n;
}

/* One row in the form that was asked for: lines of text, or cells of a table. */
struct listing {
	const struct ps_opts *o;
	struct arena *mem;
	const char *template; /* behind "table "; NULL: none */
	bool is_table;
	uint64_t last; /* UINT64_MAX: all of them */
	size_t n_columns;
	struct words cells;
	struct str text;
};

static int add_row(struct listing *l, const struct container *c, const char *row, struct err *err)
{
	auto_(str) struct str line = {0};

	if (l->o->quiet) {
		str_addf(&l->text, "%s\n", c->id);
		return 0;
	}
	if (!l->template && l->is_table)
		return add_cells(&l->cells, row, l->o->no_trunc, l->mem, err);
	if (!l->template) {
		str_addf(&l->text, "%s\n", row);
		return 0;
	}
	int r = template_fill(l->template, row, &line, err);
	if (r < 0)
		return r;
	if (l->is_table)
		add_line(&l->cells, line.p, l->mem);
	else
		str_addf(&l->text, "%s\n", line.p ? line.p : "");
	return 0;
}

static int begin(struct listing *l, struct err *err)
{
	const char *f = l->o->format;
	auto_(str) struct str header = {0};

	l->is_table = !f || str_starts(f, "table");
	if (f && l->is_table && f[5] == ' ' && f[6])
		l->template = f + 6;
	else if (f && !l->is_table && !str_eq(f, "json"))
		l->template = f;
	l->n_columns = COLUMNS;
	if (!l->is_table)
		return 0;
	for (size_t i = 0; !l->template && i < COLUMNS; i++)
		words_add(&l->cells, titles[i], l->mem);
	if (!l->template)
		return 0;
	int r = template_header(l->template, &header, err);
	if (r == 0)
		l->n_columns = add_line(&l->cells, header.p, l->mem);
	return r;
}

/* A container that goes away meanwhile, or was never made completely, is not there. */
static int visit(struct listing *l, const char *root, const char *id, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	auto_(str) struct str row = {0};
	struct err ignored;

	if (container_open(root, id, false, false, &c, &ignored) < 0 || !c.state)
		return 0;
	if (!l->o->all && l->last == UINT64_MAX && !names_state(&l->o->filters) && c.pidfd < 0 &&
	    !str_eq(describe_state(&c, container_status(&c)), "restarting"))
		return 0;
	if (describe_row(&c, &row, &ignored) < 0 || !passes(&c, row.p, &l->o->filters))
		return 0;
	return add_row(l, &c, row.p, err);
}

struct made {
	const char *id, *at;
};

static int newest_first(const void *a, const void *b)
{
	return strcmp(((const struct made *)b)->at, ((const struct made *)a)->at);
}

/* Leaves the newest ones. Returns how many. */
static int keep_last(const struct call *call, uint64_t last, const char **ids, int n)
{
	struct made *all = arena_zalloc(call->mem, (size_t)n, sizeof(*all));
	struct err ignored;
	int count = 0;

	for (int i = 0; i < n; i++) {
		auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
		if (container_open(call->g->root, ids[i], false, false, &c, &ignored) < 0 ||
		    !c.state || !c.state->created)
			continue;
		all[count++] = (struct made){ids[i], arena_str(call->mem, c.state->created)};
	}
	if (count)
		qsort(all, (size_t)count, sizeof(*all), newest_first);
	for (int i = 0; i < count; i++)
		ids[i] = all[i].id;
	return (uint64_t)count < last ? count : (int)last;
}

static int read_last(const struct ps_opts *o, uint64_t *ret, struct err *err)
{
	*ret = o->latest ? 1 : UINT64_MAX;
	if (!o->last || num_max(o->last, 10, INT_MAX, ret) == 0)
		return 0;
	return err_say(err, EINVAL, "--last: expected a number, got \"%.40s\"", o->last);
}

int ps_containers(struct call *call, const struct ps_opts *o, struct err *err)
{
	struct listing l = {.o = o, .mem = call->mem};
	const char **ids;

	for (size_t i = 0; i < o->filters.n; i++)
		if (check_filter(o->filters.v[i], err) < 0)
			return -err->num;
	int r = read_last(o, &l.last, err);
	if (r == 0)
		r = begin(&l, err);
	int n = r < 0 ? r : container_ids(call->g->root, call->mem, &ids, err);
	if (n > 0 && l.last != UINT64_MAX)
		n = keep_last(call, l.last, ids, n);
	for (int i = 0; r >= 0 && i < n; i++)
		r = visit(&l, call->g->root, ids[i], err);
	if (r >= 0 && n >= 0 && l.is_table && !o->quiet && l.n_columns)
		out_table(&l.text, l.cells.v, l.cells.n / l.n_columns, l.n_columns);
	if (r >= 0 && n >= 0)
		r = out_text(&l.text, err);
	str_clear(&l.text);
	return n < 0 ? n : r;
}

/* ---- inspect ----------------------------------------------------------------------------------*/

/* clang-format off */
struct inspect_opts { const char *format; };
static const struct arg inspect_args[] = {
	{"format", 'f', ARG_TEXT, offsetof(struct inspect_opts, format), "FORMAT", "as in '{{.State.Pid}}' or '{{json .Config}}'"},
	ARGS_END};
/* clang-format on */

static int inspect_one(const struct call *call, const char *id, struct str *out, struct err *err)
{
	const struct inspect_opts *o = call->opts;
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	auto_(str) struct str json = {0};

	int r = container_open(call->g->root, id, false, false, &c, err);
	if (r < 0)
		return r;
	if (!c.state)
		return err_say(err, EBUSY, "it was not created completely");
	r = describe_all(&c, !o->format, &json, err);
	if (r < 0)
		return r;
	if (!o->format || str_eq(o->format, "json")) {
		str_addf(out, "%s%s", out->len > 2 ? ",\n" : "", json.p);
		return 0;
	}
	r = template_fill(o->format, json.p, out, err);
	str_add_char(out, '\n');
	return r;
}

static int do_inspect(struct call *call, struct err *err)
{
	const struct inspect_opts *o = call->opts;
	bool is_list = !o->format || str_eq(o->format, "json");
	auto_(str) struct str out = {0};

	if (is_list)
		str_add(&out, "[\n");
	for (size_t i = 0; i < call->n_words; i++)
		if (inspect_one(call, call->words[i], &out, err) < 0)
			return err_wrap(err, "%.80s", call->words[i]);
	if (is_list)
		str_add(&out, "\n]\n");
	return out_text(&out, err);
}

const struct command cmd_inspect = {
	.name = "inspect",
	.usage = "[flags] ID...",
	.about = "all about containers, as JSON",
	.examples = "ctr inspect web\nctr inspect -f '{{.State.Pid}}' web\n",
	.args = {inspect_args, false},
	.opts_size = sizeof(struct inspect_opts),
	.flags = CMD_ENGINE,
	.min_words = 1,
	.max_words = ANY_WORDS,
	.run = do_inspect,
};

/* ---- rename -----------------------------------------------------------------------------------*/

static int do_rename(struct call *call, struct err *err)
{
	return ctr_rename(call->g->root, call->id, call->words[1], err);
}

const struct command cmd_rename = {
	.name = "rename",
	.usage = "ID NEW-ID",
	.about = "give a container another name",
	.examples = "ctr rename web old-web\n",
	.args = {cmd_no_args, false},
	.flags = CMD_ON_ID | CMD_ENGINE,
	.min_words = 2,
	.max_words = 2,
	.run = do_rename,
};
