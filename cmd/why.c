/* SPDX-License-Identifier: Apache-2.0 */
/* why: which limit, at which level, killed a container's process, and what filled the memory. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "cgroups/oom.h"
#include "cmd/command.h"
#include "cmd/human.h"
#include "cmd/out.h"
#include "cmd/why.h"
#include "runtime/base/json.h"
#include "runtime/ledger.h"
#include "runtime/state.h"

/* clang-format off */
struct why_opts { bool json; };
static const struct arg why_args[] = {
	{"json", 0, ARG_FLAG, offsetof(struct why_opts, json), NULL, "the same for programs"},
	ARGS_END};
/* clang-format on */

static const char *level_text(const struct cg_death *d, struct arena *mem)
{
	switch (d->cause) {
	case CG_OOM_OWN:
		return "the limit was the container's own";
	case CG_OOM_ANCESTOR:
		return arena_printf(
			mem, "the limit was that of a group above it%s%s: others use it up too",
			d->group ? ", " : "", d->group ? d->group : "");
	case CG_OOM_MACHINE:
		return "the machine itself had no memory left: no limit of a group was in the way";
	case CG_OOM_UNKNOWN:
		return "at which level is not known: neither the kernel's log nor a counter tells of it";
	case CG_OOM_NONE:
		break;
	}
	return "";
}

static const char *cure(enum cg_oom_cause cause)
{
	static const char *const cures[] = {
		[CG_OOM_NONE] = "",
		[CG_OOM_OWN] = "ctr update --memory SIZE raises it",
		[CG_OOM_ANCESTOR] =
			"raise that group's limit (ctr tenant set), or give each container one of its own",
		[CG_OOM_MACHINE] = "limit what grows: ctr stats shows who holds how much",
		[CG_OOM_UNKNOWN] = "ctr counters shows which limits were reached",
	};

	return cures[cause];
}

/* ---- as text ---------------------------------------------------------------------------------- */

static void add_stats(const struct cg_death *d, struct arena *mem, struct str *out)
{
	enum { LESS_IS_NOISE = 65536 };
	const char *between = "  then: ";

	for (size_t i = 0; i < d->n_stats; i++) {
		const char *key = d->stats[i].key;
		if (d->stats[i].value < LESS_IS_NOISE || str_starts(key, "total_") ||
		    str_starts(key, "hierarchical_") || str_starts(key, "pg"))
			continue;
		str_addf(out, "%s%s %s", between, key, human_size(mem, d->stats[i].value));
		between = ", ";
	}
	if (*between == ',')
		str_add_char(out, '\n');
}

static void add_levels(const struct cg_death *d, struct arena *mem, struct str *out)
{
	enum { COLUMNS = 5 };
	static const char *const header[COLUMNS] = {"GROUP", "LIMIT", "USED", "PEAK", "REACHED"};
	struct words cells = {0};

	for (size_t i = 0; i < COLUMNS; i++)
		words_add(&cells, header[i], mem);
	for (size_t i = 0; i < d->n_levels; i++) {
		const struct cg_oom_level *l = &d->levels[i];
		words_add(&cells, l->dir, mem);
		words_add(&cells, human_limit(mem, l->limit), mem);
		words_add(&cells, human_size(mem, l->usage), mem);
		words_add(&cells, human_size(mem, l->peak), mem);
		words_add(&cells, arena_printf(mem, "%" PRIu64 " times", l->fails), mem);
	}
	if (d->n_levels)
		out_table(out, cells.v, cells.n / COLUMNS, COLUMNS);
}

static void add_text(const char *id, const struct cg_death *d, struct arena *mem, struct str *out)
{
	const char *mostly = cg_oom_mostly(d);

	if (!d->kills) {
		str_addf(out, "%s: nothing in it was killed for memory\n", id);
		add_levels(d, mem, out);
		return;
	}
	str_addf(out, "%s: %" PRIu64 " process%s killed for memory", id, d->kills,
		 d->kills == 1 ? " was" : "es were");
	if (d->is_in_log)
		str_addf(out, ", the last one at %s: %" PRId64 " (%s, uid %" PRId64 "), %s",
			 d->when, d->pid, d->task, d->uid, human_size(mem, d->anon_rss));
	else
		str_add(out,
			", which are not known: the kernel tells of ten in five seconds and of no "
			"more, its log has gone on, or it may not be read");
	str_addf(out, "\n  %s%s%s%s\n", level_text(d, mem), d->limit ? " (" : "",
		 d->limit ? human_size(mem, d->limit) : "", d->limit ? ")" : "");
	if (mostly)
		str_addf(out, "  most of the memory was %s\n", mostly);
	add_stats(d, mem, out);
	str_addf(out, "  cure: %s\n", cure(d->cause));
	add_levels(d, mem, out);
}

/* ---- as JSON ---------------------------------------------------------------------------------- */

static void put_limit(struct json_out *o, const char *key, uint64_t value)
{
	if (value == UINT64_MAX)
		json_text(o, key, "max");
	else
		json_uint(o, key, value);
}

static void put_victim(struct json_out *o, const struct cg_death *d)
{
	json_open(o, "victim", '{');
	json_int(o, "pid", d->pid);
	json_int(o, "uid", d->uid);
	json_text(o, "task", d->task);
	json_uint(o, "anonRss", d->anon_rss);
	json_text(o, "time", d->when);
	json_close(o, '}');
}

void why_members(struct json_out *o, const struct cg_death *d)
{
	json_text(o, "cause", cg_oom_words[d->cause]);
	json_uint(o, "kills", d->kills);
	if (d->is_in_log)
		put_victim(o, d);
	if (d->group && d->kills)
		json_text(o, "limitGroup", d->group);
	if (d->limit)
		json_uint(o, "limit", d->limit);
	if (cg_oom_mostly(d))
		json_text(o, "mostly", cg_oom_mostly(d));
}

static void add_json(const char *id, const struct cg_death *d, struct str *out)
{
	struct json_out o = {.s = out, .indent = "  "};

	json_open(&o, NULL, '{');
	json_text(&o, "id", id);
	why_members(&o, d);
	if (d->is_in_log) {
		json_open(&o, "stat", '{');
		for (size_t i = 0; i < d->n_stats; i++)
			json_uint(&o, d->stats[i].key, d->stats[i].value);
		json_close(&o, '}');
	}
	json_open(&o, "levels", '[');
	for (size_t i = 0; i < d->n_levels; i++) {
		const struct cg_oom_level *l = &d->levels[i];
		json_open(&o, NULL, '{');
		json_text(&o, "group", l->dir);
		put_limit(&o, "limit", l->limit);
		json_uint(&o, "usage", l->usage);
		json_uint(&o, "peak", l->peak);
		json_uint(&o, "reached", l->fails);
		json_close(&o, '}');
	}
	json_close(&o, ']');
	json_close(&o, '}');
	str_add_char(out, '\n');
}

/* ---- a container, or what is left of one ------------------------------------------------------ */

struct looking {
	const char *id;
	struct arena *mem;
	struct cg_death death; /* the last one of that name */
	bool found;
};

static int see_record(void *ctx, const struct usage *u)
{
	struct looking *l = ctx;

	if (!str_eq(u->id, l->id))
		return 0;
	l->found = true;
	l->death = (struct cg_death){0};
	if (u->death)
		ledger_death(u->death, l->mem, &l->death);
	return 0;
}

static int from_ledger(const struct call *call, struct cg_death *ret, struct err *err)
{
	struct looking l = {.id = call->id, .mem = call->mem};
	unsigned torn;
	int r = ledger_read(call->g->root, see_record, &l, &torn, err);

	if (r < 0)
		return r;
	if (!l.found)
		return err_say(err, ENOENT, "container does not exist");
	*ret = l.death;
	return 0;
}

static int from_groups(const struct call *call, struct cg_death *ret, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	int r = container_open(call->g->root, call->id, false, false, &c, err);

	if (r < 0)
		return r;
	if (!c.state)
		return err_say(err, ESRCH, "it was never made completely");
	const struct cg_names names = {c.state->cgroups, c.state->n_cgroups, c.state->created};
	return cg_death(&names, call->mem, ret, err);
}

static int do_why(struct call *call, struct err *err)
{
	const struct why_opts *o = call->opts;
	auto_(str) struct str text = {0};
	struct cg_death death;
	int r = from_groups(call, &death, err);

	if (r == -ENOENT)
		r = from_ledger(call, &death, err);
	if (r < 0)
		return r;
	if (o->json)
		add_json(call->id, &death, &text);
	else
		add_text(call->id, &death, call->mem, &text);
	return out_text(&text, err);
}

const struct command cmd_why = {
	.name = "why",
	.usage = "[--json] ID",
	.about = "why a container ran out of memory: whose limit, and what filled it",
	.examples = "ctr why web\n",
	.args = {why_args, false},
	.opts_size = sizeof(struct why_opts),
	.flags = CMD_ON_ID | CMD_ENGINE,
	.min_words = 1,
	.max_words = 1,
	.run = do_why,
};
