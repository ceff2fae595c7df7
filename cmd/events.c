/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "cgroups/stat.h"
#include "cmd/command.h"
#include "cmd/duration.h"
#include "cmd/events_json.h"
#include "cmd/out.h"
#include "runtime/lifecycle.h"
#include "runtime/state.h"

/* clang-format off */
struct events_opts { const char *interval; bool stats; };
static const struct arg events_args[] = {
	{"interval", 0, ARG_TEXT, offsetof(struct events_opts, interval), "TIME", "between two reports, as in 5s or 1m30s (5s)"},
	{"stats", 0, ARG_FLAG, offsetof(struct events_opts, stats), NULL, "report once and end"},
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

/* Until the container has ended. */
static int watch(const struct container *c, struct cg_oom *oom, int interval_ms, struct err *err)
{
	struct pollfd fds[] = {
		{.fd = c->pidfd, .events = POLLIN},
		{.fd = oom->fd, .events = POLLIN},
	};

	for (;;) {
		int r = poll(fds, 2, interval_ms);
		if (r < 0 && errno != EINTR)
			return err_set(err, errno, "wait for events");
		if (r > 0 && fds[1].revents) {
			int times = cg_oom_next(oom);
			if (times < 0)
				fds[1].fd = -1;
			else if ((times = print_oom(c, times, err)) < 0)
				return times;
		}
		if (r > 0 && fds[0].revents)
			return 0;
		if (r == 0 && (r = print_stats(c, err)) < 0)
			return r;
	}
}

static int do_events(struct call *call, struct err *err)
{
	const struct events_opts *o = call->opts;
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	struct cg_oom oom = {.fd = -1, .source = -1};
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
	r = watch(&c, &oom, interval, err);
	if (hears_oom)
		cg_oom_clear(&oom);
	return r;
}

const struct command cmd_events = {
	.name = "events",
	.usage = "[flags] ID",
	.about = "report what a container uses, and when it runs out of memory",
	.examples = "ctr events --stats web\nctr events --interval 1s web\n",
	.args = {events_args, false},
	.opts_size = sizeof(struct events_opts),
	.flags = CMD_ON_ID,
	.min_words = 1,
	.max_words = 1,
	.run = do_events,
};
