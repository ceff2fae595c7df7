/* SPDX-License-Identifier: Apache-2.0 */
/* state, list, ps: what there is. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/containers.h"
#include "cmd/out.h"
#include "cmd/ps.h"
#include "runtime/base/json.h"
#include "runtime/lifecycle.h"
#include "runtime/state.h"

/* clang-format off */
struct list_opts { const char *format; bool quiet; };
static const struct arg list_args[] = {
	{"format", 'f', ARG_TEXT, offsetof(struct list_opts, format), "FORMAT", "table or json (table)"},
	{"quiet", 'q', ARG_FLAG, offsetof(struct list_opts, quiet), NULL, "ids only"},
	ARGS_END};

static const struct arg strict_ps_args[] = {
	{"format", 'f', ARG_TEXT, offsetof(struct ps_opts, format), "FORMAT", "table or json (table)"},
	ARGS_END};
static const struct arg ps_args[] = {
	{"all", 'a', ARG_FLAG, offsetof(struct ps_opts, all), NULL, "containers that don't run, too"},
	{"quiet", 'q', ARG_FLAG, offsetof(struct ps_opts, quiet), NULL, "names only"},
	{"filter", 'f', ARG_LIST, offsetof(struct ps_opts, filters), "NAME=VALUE", "name, id, ancestor, status, exited, label or health"},
	{"format", 0, ARG_TEXT, offsetof(struct ps_opts, format), "FORMAT", "table, json, or as in '{{.Names}} {{.Status}}'"},
	{"last", 'n', ARG_TEXT, offsetof(struct ps_opts, last), "N", "the N that were made last, running or not"},
	{"latest", 'l', ARG_FLAG, offsetof(struct ps_opts, latest), NULL, "the one that was"},
	{"no-trunc", 0, ARG_FLAG, offsetof(struct ps_opts, no_trunc), NULL, "whole commands"},
	ARGS_END};
/* clang-format on */

static int do_state(struct call *call, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	auto_(str) struct str text = {0};
	int r = container_open(call->g->root, call->id, false, false, &c, err);

	if (r < 0 || (r = ctr_state_json(&c, false, true, &text, err)) < 0)
		return r;
	str_add_char(&text, '\n');
	return out_text(&text, err);
}

const struct command cmd_state = {
	.name = "state",
	.usage = "ID",
	.about = "print a container's state as JSON",
	.examples = "ctr state web\n",
	.args = {cmd_no_args, false},
	.flags = CMD_ON_ID,
	.min_words = 1,
	.max_words = 1,
	.run = do_state,
};

/* ---- list -------------------------------------------------------------------------------------*/

enum { COLUMNS = 6, OWNER_MAX = 64 };
static const char *const header[COLUMNS] = {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"};

static void add_row(const struct container *c, struct words *cells, struct arena *mem)
{
	enum container_status status = container_status(c);
	char *owner = arena_zalloc(mem, OWNER_MAX, 1);
	const struct state *s = c->state;

	ctr_owner_name(s->uid, owner, OWNER_MAX);
	words_add(cells, arena_str(mem, c->id), mem);
	words_add(cells, arena_printf(mem, "%d", status == STATUS_STOPPED ? 0 : (int)c->pid), mem);
	words_add(cells, container_status_word(status), mem);
	words_add(cells, arena_str(mem, s->bundle), mem);
	words_add(cells, arena_str(mem, s->created), mem);
	words_add(cells, owner, mem);
}

/* What `list` collects, in the form that was asked for. */
struct listing {
	bool is_json;
	struct str json;
	struct words cells;
};

/* A container that goes away meanwhile, or was never made completely, is not there. */
static int add_container(const struct call *call, const char *id, struct listing *l)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	struct err ignored;

	if (container_open(call->g->root, id, false, false, &c, &ignored) < 0 || !c.state)
		return 0;
	if (!l->is_json) {
		add_row(&c, &l->cells, call->mem);
		return 0;
	}
	if (l->json.len > 1)
		str_add_char(&l->json, ',');
	return ctr_state_json(&c, true, false, &l->json, &ignored);
}

static int print_listing(struct listing *l, struct err *err)
{
	auto_(str) struct str table = {0};

	if (l->is_json) {
		str_add(&l->json, "]\n");
		return out_text(&l->json, err);
	}
	out_table(&table, l->cells.v, l->cells.n / COLUMNS, COLUMNS);
	return out_text(&table, err);
}

static int print_ids(const char **ids, int n, struct err *err)
{
	auto_(str) struct str text = {0};

	for (int i = 0; i < n; i++)
		str_addf(&text, "%s\n", ids[i]);
	return out_text(&text, err);
}

static int do_list(struct call *call, struct err *err)
{
	const struct list_opts *o = call->opts;
	struct listing l = {0};
	const char **ids;

	int r = out_read_format(o->format, &l.is_json, err);
	if (r < 0)
		return r;
	if (call->g->root_is_given && access(call->g->root, F_OK) < 0)
		return err_set(err, errno, "read %s", call->g->root);
	int n = container_ids(call->g->root, call->mem, &ids, err);
	if (n < 0)
		return n;
	if (o->quiet)
		return print_ids(ids, n, err);
	for (size_t i = 0; i < COLUMNS; i++)
		words_add(&l.cells, header[i], call->mem);
	str_add_char(&l.json, '[');
	for (int i = 0; i < n; i++)
		add_container(call, ids[i], &l);
	r = print_listing(&l, err);
	str_clear(&l.json);
	return r;
}

const struct command cmd_list = {
	.name = "list",
	.usage = "[flags]",
	.about = "list the containers",
	.examples = "ctr list\nctr list --format json\n",
	.args = {list_args, false},
	.opts_size = sizeof(struct list_opts),
	.run = do_list,
};

/* ---- ps ---------------------------------------------------------------------------------------*/

static int list_processes(struct call *call, const char *format, struct err *err)
{
	auto_(str) struct str text = {0};
	auto_free pid_t *pids = NULL;
	bool is_json;

	int r = out_read_format(format, &is_json, err);
	if (r < 0)
		return r;
	int n = ctr_pids(call->g->root, call->id, &pids, err);
	if (n < 0)
		return n;
	if (!is_json) {
		r = ps_table(pids, (size_t)n, (const char *const *)call->words + 1,
			     call->n_words - 1, &text, err);
		return r < 0 ? r : out_text(&text, err);
	}
	struct json_out out = {.s = &text};
	json_open(&out, NULL, '[');
	for (int i = 0; i < n; i++)
		json_int(&out, NULL, pids[i]);
	json_close(&out, ']');
	str_add_char(&text, '\n');
	return out_text(&text, err);
}

/* With a container, OCI's: its processes. Without, docker's: the containers. -f has two meanings,
 * which are told apart by their values. */
static int do_ps(struct call *call, struct err *err)
{
	const struct ps_opts *o = call->opts;
	const char *format = o->format;

	if (!call->n_words && !call->g->is_strict)
		return ps_containers(call, o, err);
	if (!call->n_words)
		return err_say(err, EINVAL, "expected the container's id");
	for (size_t i = 0; i < o->filters.n; i++)
		format = o->filters.v[i];
	call->id = call->words[0];
	return list_processes(call, format, err);
}

static int do_top(struct call *call, struct err *err)
{
	return list_processes(call, NULL, err);
}

const struct command cmd_top = {
	.name = "top",
	.usage = "ID [PS-ARGS]",
	.about = "list the processes of a container",
	.examples = "ctr top web\nctr top web -o pid,rss,comm\n",
	.args = {cmd_no_args, true},
	.flags = CMD_ON_ID | CMD_ENGINE,
	.min_words = 1,
	.max_words = ANY_WORDS,
	.run = do_top,
};

const struct command cmd_ps = {
	.name = "ps",
	.usage = "[flags] [ID [PS-ARGS]]",
	.about = "list containers; with an ID, its processes",
	.examples =
		"ctr ps -a\nctr ps -qf label=tier=web\nctr ps --format '{{.Names}}\\t{{.Status}}'\n"
		"ctr ps web -o pid,rss,comm\n",
	.args = {ps_args, true},
	.strict_args = {strict_ps_args, true},
	.opts_size = sizeof(struct ps_opts),
	.max_words = ANY_WORDS,
	.run = do_ps,
};
