/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger, read and summed up. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/fd.h"
#include "runtime/base/words.h"
#include "runtime/config/decode.h"
#include "runtime/ledger.h"

enum { MONTH_MAX = 1 << 30 };

/* ---- reading ---------------------------------------------------------------------------------- */

static int list_months(const char *path, struct arena *mem, struct words *ret, struct err *err)
{
	DIR *dir = opendir(path);

	if (!dir)
		return errno == ENOENT ? 0 : err_set(err, errno, "read %s", path);
	for (struct dirent *d; (d = readdir(dir));)
		if (str_ends(d->d_name, ".jsonl") && *d->d_name != '.')
			words_add(ret, arena_printf(mem, "%s/%s", path, d->d_name), mem);
	closedir(dir);
	words_sort(ret);
	return 0;
}

static int read_month(const char *path, int (*each)(void *, const struct usage *), void *ctx,
		      unsigned *torn, struct err *err)
{
	auto_(str) struct str text = {0};
	int r = fd_read_file(AT_FDCWD, path, MONTH_MAX, &text);

	if (r < 0)
		return err_set(err, r, "read %s", path);
	for (const char *line = text.p; r == 0 && line && *line;) {
		auto_(arena) struct arena mem = {0};
		size_t n = strcspn(line, "\n");
		struct err ignored;
		void *u;
		if (n && decode_object(&usage_table, line, n, &mem, &u, &ignored) == 0)
			r = each(ctx, u);
		else
			*torn += n != 0;
		line += n + (line[n] == '\n');
	}
	return r;
}

int ledger_read(const char *root, int (*each)(void *ctx, const struct usage *), void *ctx,
		unsigned *ret_torn, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	struct words months = {0};
	int r = list_months(arena_printf(&mem, "%s/usage", ledger_state_dir(root, &mem)), &mem,
			    &months, err);

	*ret_torn = 0;
	for (size_t i = 0; r == 0 && i < months.n; i++)
		r = read_month(months.v[i], each, ctx, ret_torn, err);
	return r;
}

/* ---- summing up ------------------------------------------------------------------------------- */

static uint32_t hash(const char *a, const char *b)
{
	uint32_t h = 2166136261U; /* FNV-1a */

	for (const char *s = a; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619U;
	for (const char *s = b; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619U;
	return h;
}

static bool is_same(const struct usage *a, const struct usage *b)
{
	return strcmp(a->id, b->id) == 0 && strcmp(a->created, b->created) == 0;
}

static uint32_t *place_of(struct ledger_fold *f, const struct usage *u)
{
	size_t at = hash(u->id, u->created) & (f->n_index - 1);

	while (f->index[at] && !is_same(&f->v[f->index[at] - 1].last, u))
		at = (at + 1) & (f->n_index - 1);
	return &f->index[at];
}

static void make_room(struct ledger_fold *f)
{
	if (2 * (f->n + 1) < f->n_index)
		return;
	f->n_index = f->n_index ? 2 * f->n_index : 64;
	free(f->index);
	f->index = mem_zalloc(f->n_index, sizeof(*f->index));
	f->v = mem_resize(f->v, f->n_index, sizeof(*f->v));
	for (size_t i = 0; i < f->n; i++)
		*place_of(f, &f->v[i].last) = (uint32_t)i + 1;
}

/* The record lives during the call: its texts are taken over once, a death each time. */
static void keep(struct ledger_fold *f, const struct usage *u, struct usage *to)
{
	struct usage old = *to;

	*to = *u;
	to->id = old.id ? old.id : arena_str(&f->mem, u->id);
	to->created = old.id ? old.created : arena_str(&f->mem, u->created);
	to->tenant = old.id ? old.tenant : u->tenant ? arena_str(&f->mem, u->tenant) : NULL;
	to->image = old.id ? old.image : u->image ? arena_str(&f->mem, u->image) : NULL;
	to->time = NULL;
	to->death = NULL;
}

void ledger_add(struct ledger_fold *f, const struct usage *u)
{
	make_room(f);
	uint32_t *place = place_of(f, u);

	if (!*place) {
		f->v[f->n] = (struct ledger_entry){0};
		*place = (uint32_t)++f->n;
	}
	struct ledger_entry *e = &f->v[*place - 1];
	keep(f, u, &e->last);
	if (f->since && strcmp(u->time, f->since) < 0)
		e->before = e->last;
}

struct usage ledger_spent(const struct ledger_entry *e)
{
	const struct usage *b = &e->before;
	struct usage u = e->last;

	u.wall_ns -= b->wall_ns;
	u.cpu_ns -= b->cpu_ns;
	u.user_ns -= b->user_ns;
	u.system_ns -= b->system_ns;
	u.memory_byte_seconds -= b->memory_byte_seconds;
	u.read_bytes -= b->read_bytes;
	u.written_bytes -= b->written_bytes;
	u.reads -= b->reads;
	u.writes -= b->writes;
	u.net_received_bytes -= b->net_received_bytes;
	u.net_sent_bytes -= b->net_sent_bytes;
	u.net_received_packets -= b->net_received_packets;
	u.net_sent_packets -= b->net_sent_packets;
	u.net_outside_received_bytes -= b->net_outside_received_bytes;
	u.net_outside_sent_bytes -= b->net_outside_sent_bytes;
	u.net_outside_received_packets -= b->net_outside_received_packets;
	u.net_outside_sent_packets -= b->net_outside_sent_packets;
	return u;
}

void ledger_fold_clear(struct ledger_fold *f)
{
	free(f->v);
	free(f->index);
	arena_clear(&f->mem);
	*f = (struct ledger_fold){0};
}

void ledger_death(const struct usage_death *d, struct arena *mem, struct cg_death *ret)
{
	*ret = (struct cg_death){.cause = CG_OOM_UNKNOWN, .kills = d->kills};
	for (int i = CG_OOM_NONE; i <= CG_OOM_UNKNOWN; i++)
		if (strcmp(cg_oom_words[i], d->cause) == 0)
			ret->cause = (enum cg_oom_cause)i;
	ret->group = d->group ? arena_str(mem, d->group) : NULL;
	ret->limit = d->limit;
	if (!d->when)
		return;
	ret->is_in_log = true;
	ret->when = arena_str(mem, d->when);
	ret->pid = d->pid;
	ret->uid = d->uid;
	ret->task = arena_str(mem, d->task ? d->task : "");
	ret->anon_rss = d->anon_rss;
	ret->stats = arena_zalloc(mem, d->n_stats, sizeof(*ret->stats));
	for (size_t i = 0; i < d->n_stats; i++)
		ret->stats[ret->n_stats++] =
			(struct cg_oom_stat){arena_str(mem, d->stats[i].key), d->stats[i].value};
}
