/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups/name.h"
#include "cgroups/psi.h"
#include "cgroups/stat.h"
#include "cmd/command.h"
#include "cmd/duration.h"
#include "cmd/events_json.h"
#include "cmd/out.h"
#include "runtime/base/clock.h"
#include "runtime/lifecycle.h"
#include "runtime/state.h"

/* clang-format off */
struct events_opts { const char *interval; bool stats; struct words pressure; };
static const struct arg events_args[] = {
	{"interval", 0, ARG_TEXT, offsetof(struct events_opts, interval), "TIME", "between two reports, as in 5s or 1m30s (5s)"},
	{"stats", 0, ARG_FLAG, offsetof(struct events_opts, stats), NULL, "report once and end"},
	{"pressure", 0, ARG_LIST, offsetof(struct events_opts, pressure), "WHAT[:full][:STALL/WINDOW]", "report at once when some (all) wait for cpu, memory or io that long (200ms/2s)"},
	ARGS_END};
/* clang-format on */

static int print_stats(const struct container *c, struct err *err)
{
	auto_(cg_stats) struct cg_stats stats = {0};
	auto_(str) struct str line = {0};
	int r = cg_stats(c->state->cgroups, c->state->n_cgroups, &stats, err);

	if (r < 0)
		return r;
	events_stats_json(&line, c->id, &stats);
	return out_text(&line, err);
}

static int print_oom(const struct container *c, int times, struct err *err)
{
	auto_(str) struct str line = {0};

	for (int i = 0; i < times; i++)
		events_oom_json(&line, c->id);
	return out_text(&line, err);
}

/* ---- pressure --------------------------------------------------------------------------------- */

enum { TRIGGERS_MAX = 16, WINDOW_MIN_MS = 500, WINDOW_MAX_MS = 10000 };

/* What is waited for; the triggers' descriptors stand behind these two. */
enum { FD_END, FD_OOM, FD_TRIGGERS, FDS_MAX = FD_TRIGGERS + TRIGGERS_MAX };
struct watched {
	const struct container *c;
	struct cg_oom *oom;
	struct cg_psi_trigger triggers[TRIGGERS_MAX];
	struct pollfd fds[FDS_MAX];
	unsigned n; /* triggers */
};

static void stop(struct pollfd *p)
{
	auto_close_fd(&p->fd);
	p->fd = -1;
}

static void watched_clear(struct watched *w)
{
	for (unsigned i = 0; i < w->n; i++)
		stop(&w->fds[FD_TRIGGERS + i]);
}

/* "STALL/WINDOW" */
static int read_times(const char *text, struct arena *mem, struct cg_psi_trigger *t,
		      struct err *err)
{
	const char *slash = strchr(text, '/');
	int stall, window;

	if (!slash)
		return err_say(err, EINVAL, "expected STALL/WINDOW as in 200ms/2s, got \"%.40s\"",
			       text);
	int r = duration_ms(arena_copy(mem, text, (size_t)(slash - text)), &stall, err);
	if (r < 0 || (r = duration_ms(slash + 1, &window, err)) < 0)
		return r;
	if (window < WINDOW_MIN_MS || window > WINDOW_MAX_MS || stall < 1 || stall > window)
		return err_say(err, EINVAL,
			       "the window is 500ms to 10s, and the stall no longer: \"%.40s\"",
			       text);
	t->stall_us = (unsigned)stall * 1000;
	t->window_us = (unsigned)window * 1000;
	return 0;
}

static int read_trigger(const char *text, struct arena *mem, struct cg_psi_trigger *ret,
			struct err *err)
{
	static const char *const resources[] = {"cpu", "memory", "io"};
	struct cg_psi_trigger t = {.stall_us = 200000, .window_us = 2000000};
	const char *colon = strchrnul(text, ':');

	for (size_t i = 0; i < sizeof(resources) / sizeof(*resources); i++)
		if (str_eq(arena_copy(mem, text, (size_t)(colon - text)), resources[i]))
			t.resource = resources[i];
	if (!t.resource)
		return err_say(err, EINVAL, "expected cpu, memory or io, got \"%.40s\"", text);
	t.full = str_starts(colon, ":full") && (!colon[5] || colon[5] == ':');
	if (t.full || (str_starts(colon, ":some") && (!colon[5] || colon[5] == ':')))
		colon += 5;
	int r = *colon ? read_times(colon + 1, mem, &t, err) : 0;
	if (r == 0)
		*ret = t;
	return r;
}

static int watch_pressure(const struct words *texts, struct arena *mem, struct watched *w,
			  struct err *err)
{
	if (texts->n > TRIGGERS_MAX)
		return err_say(err, E2BIG, "--pressure: more than %d", TRIGGERS_MAX);
	for (size_t i = 0; i < texts->n; i++) {
		struct cg_psi_trigger *t = &w->triggers[w->n];
		int r = read_trigger(texts->v[i], mem, t, err);
		if (r == 0)
			r = cg_psi_watch(w->c->state->cgroups, w->c->state->n_cgroups, t, err);
		if (r < 0)
			return err_wrap(err, "--pressure %.60s", texts->v[i]);
		w->fds[FD_TRIGGERS + w->n++] = (struct pollfd){.fd = r, .events = POLLPRI};
	}
	return 0;
}

static int print_pressure(struct watched *w, struct err *err)
{
	const struct state *s = w->c->state;
	auto_(str) struct str lines = {0};

	for (unsigned i = 0; i < w->n; i++) {
		struct pollfd *p = &w->fds[FD_TRIGGERS + i];
		char file[32];
		struct cg_psi now;
		if (p->revents & POLLERR) /* the group is gone */
			stop(p);
		else if (p->revents & POLLPRI) {
			snprintf(file, sizeof(file), "%s.pressure", w->triggers[i].resource);
			cg_psi_read(cg_name_find(s->cgroups, s->n_cgroups, ""), file, &now);
			events_pressure_json(&lines, w->c->id, &w->triggers[i], &now);
		}
	}
	return lines.len ? out_text(&lines, err) : 0;
}

/* ---- waiting ---------------------------------------------------------------------------------- */

static int tell(struct watched *w, struct err *err)
{
	int r = 0;

	if (w->fds[FD_OOM].revents) {
		int times = cg_oom_next(w->oom);
		if (times < 0)
			w->fds[FD_OOM].fd = -1;
		else
			r = print_oom(w->c, times, err);
	}
	return r < 0 ? r : print_pressure(w, err);
}

/* Until the container has ended. */
static int watch(struct watched *w, int interval_ms, struct err *err)
{
	w->fds[FD_END] = (struct pollfd){.fd = w->c->pidfd, .events = POLLIN};
	w->fds[FD_OOM] = (struct pollfd){.fd = w->oom->fd, .events = POLLIN};
	for (int64_t next = clock_ms() + interval_ms;;) {
		int64_t left = next - clock_ms();
		int r = poll(w->fds, FD_TRIGGERS + w->n, left > 0 ? (int)left : 0);
		if (r < 0 && errno != EINTR)
			return err_set(err, errno, "wait for events");
		int told = r > 0 ? tell(w, err) : 0;
		if (told < 0)
			return told;
		if (r > 0 && w->fds[FD_END].revents)
			return 0;
		if (clock_ms() < next)
			continue;
		next += interval_ms;
		if ((told = print_stats(w->c, err)) < 0)
			return told;
	}
}

static int do_events(struct call *call, struct err *err)
{
	const struct events_opts *o = call->opts;
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	struct cg_oom oom = {.fd = -1, .source = -1};
	auto_(watched) struct watched w = {.c = &c, .oom = &oom};
	struct err no_oom;
	int interval = 5000;

	int r = o->interval ? duration_ms(o->interval, &interval, err) : 0;
	if (r < 0 || (r = container_open(call->g->root, call->id, false, false, &c, err)) < 0)
		return r;
	enum container_status status = container_status(&c);
	if (status == STATUS_STOPPED || status == STATUS_CREATING)
		return err_say(err, ESRCH, "container with id %s is not running", c.id);
	if (o->stats)
		return print_stats(&c, err);
	/* Without a memory controller there is nothing to be heard of it. */
	bool hears_oom = cg_oom_watch(c.state->cgroups, c.state->n_cgroups, &oom, &no_oom) == 0;
	r = watch_pressure(&o->pressure, call->mem, &w, err);
	if (r == 0)
		r = watch(&w, interval, err);
	if (hears_oom)
		cg_oom_clear(&oom);
	return r;
}

const struct command cmd_events = {
	.name = "events",
	.usage = "[flags] ID",
	.about = "report what a container uses, and when it runs out of memory",
	.examples = "ctr events --stats web\nctr events --interval 1s web\n"
		    "ctr events --pressure memory --pressure io:full:500ms/4s web\n",
	.args = {events_args, false},
	.opts_size = sizeof(struct events_opts),
	.flags = CMD_ON_ID,
	.min_words = 1,
	.max_words = 1,
	.run = do_events,
};
