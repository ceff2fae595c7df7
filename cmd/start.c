/* SPDX-License-Identifier: Apache-2.0 */
/* start, stop, restart, rename; and `monitor`, by which a monitor has its work done. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "cmd/attach.h"
#include "cmd/engine.h"
#include "cmd/health.h"
#include "cmd/remove.h"
#include "cmd/signals.h"
#include "runtime/detach.h"
#include "runtime/explain.h"
#include "runtime/own_size.h"

/* ---- start ------------------------------------------------------------------------------------*/

/* clang-format off */
struct start_opts { const char *keys, *sig_proxy; bool attach, interactive; };
#define OPT(member) offsetof(struct start_opts, member)
static const struct arg start_args[] = {
	{"attach", 'a', ARG_FLAG, OPT(attach), NULL, "see what it says and wait for its end"},
	{"interactive", 'i', ARG_FLAG, OPT(interactive), NULL, "pass standard input on, too"},
	{"detach-keys", 0, ARG_TEXT, OPT(keys), "KEYS", "keys that leave it alone (ctrl-p,ctrl-q)"},
	{"sig-proxy", 0, ARG_TEXT, OPT(sig_proxy), "true|false", "pass signals on to it (true)"},
	ARGS_END};
#undef OPT
/* clang-format on */

/* A failure is kept with the container: its state tells why it does not run. */
static void note_failure(const struct call *call, const char *id, const struct err *why)
{
	enum { EXIT_OTHER = 125 };
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	struct err ignored;
	int code = explain_exit(why);

	if (container_open(call->g->root, id, true, false, &c, &ignored) == 0 && c.pidfd < 0)
		container_note_failure(&c, code ? code : EXIT_OTHER, why);
}

static int start_attached(struct call *call, const struct start_opts *o, struct again *a,
			  struct err *err)
{
	const struct attach_flags flags = {
		.keys = o->keys, .sig_proxy = o->sig_proxy, .has_input = o->interactive};
	char keys[ATTACH_KEYS_MAX];
	struct attach_opts attach;
	int status = 0, sock = -1;

	int r = attach_flags_read(&flags, a->config->process->terminal, keys, &attach, err);
	if (r < 0 || (r = ctr_detach(&a->want, a->config, &a->host, &sock, err)) < 0)
		return r;
	auto_fd int owned = sock;
	r = attach_container(call->g->root, a->want.id, owned, &attach, &status, err);
	return r < 0 ? r : status;
}

/* One that the engine keeps, or that the OCI create left waiting. */
static int start_one(struct call *call, const char *id, void *arg, struct err *err)
{
	static const struct stop_opts halt = {.timeout = 0};
	const bool *attach = arg;
	const char *notify = getenv("NOTIFY_SOCKET");
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	struct again a;

	int r = container_open(call->g->root, id, false, false, &c, err);
	if (r < 0)
		return r;
	if (call->g->is_strict || !c.state || !c.state->engine)
		return ctr_start(call->g->root, id, notify && *notify ? notify : NULL, err);
	call->is_engine = true;
	if (c.pidfd >= 0)
		return *attach ? err_say(err, EBUSY, "it is running: use ctr attach") : 0;
	/* A monitor that waits with a restart gives way. */
	if ((r = ctr_stop(call->g->root, id, &halt, err)) < 0 ||
	    (r = engine_again(call, &c, &a, err)) < 0)
		return r;
	r = *attach ? start_attached(call, call->opts, &a, err)
		    : ctr_detach(&a.want, a.config, &a.host, NULL, err);
	if (r < 0)
		note_failure(call, id, err);
	return r;
}

static int do_start(struct call *call, struct err *err)
{
	const struct start_opts *o = call->opts;
	bool attach = !call->g->is_strict && (o->attach || o->interactive);

	if (attach && call->n_words != 1)
		return err_say(err, EINVAL, "-a and -i are for one container");
	if (attach)
		return start_one(call, call->id, &attach, err);
	return each_container(call, false, start_one, &attach, err);
}

const struct command cmd_start = {
	.name = "start",
	.usage = "[flags] ID...",
	.about = "run the program of a container that was created, or has stopped",
	.examples = "ctr start web\nctr start -ai shell\n",
	.args = {start_args, false},
	.strict_args = {cmd_no_args, false},
	.opts_size = sizeof(struct start_opts),
	.flags = CMD_ON_ID,
	.min_words = 1,
	.max_words = ANY_WORDS,
	.run = do_start,
};

/* ---- stop, restart ----------------------------------------------------------------------------*/

/* clang-format off */
struct stop_flags { const char *sig, *time; };
static const struct arg stop_args[] = {
	{"signal", 's', ARG_TEXT, offsetof(struct stop_flags, sig), "SIGNAL", "instead of the container's own (TERM)"},
	{"time", 't', ARG_TEXT, offsetof(struct stop_flags, time), "SECONDS", "until it is killed (10); -1: never"},
	{"timeout", 0, ARG_TEXT, offsetof(struct stop_flags, time), "SECONDS", NULL},
	ARGS_END};
/* clang-format on */

static int read_stop(const struct stop_flags *f, struct stop_opts *ret, struct err *err)
{
	int64_t seconds = STOP_TIMEOUT_OWN;
	int sig = f->sig ? signal_number(f->sig, err) : 0;

	if (sig < 0)
		return sig;
	if (f->time && (num_i64(f->time, &seconds) < 0 || seconds < -1 || seconds > INT_MAX))
		return err_say(err, EINVAL, "--time: expected seconds or -1, got \"%.40s\"",
			       f->time);
	*ret = (struct stop_opts){.sig = sig, .timeout = (int)seconds};
	return 0;
}

static int stop_one(struct call *call, const char *id, void *arg, struct err *err)
{
	return ctr_stop(call->g->root, id, arg, err);
}

static int do_stop(struct call *call, struct err *err)
{
	struct stop_opts o;
	int r = read_stop(call->opts, &o, err);

	return r < 0 ? r : each_container(call, true, stop_one, &o, err);
}

const struct command cmd_stop = {
	.name = "stop",
	.usage = "[flags] ID...",
	.about = "end containers in an orderly way",
	.examples = "ctr stop web\nctr stop -t 60 db\n",
	.args = {stop_args, false},
	.opts_size = sizeof(struct stop_flags),
	.flags = CMD_ON_ID | CMD_ENGINE,
	.min_words = 1,
	.max_words = ANY_WORDS,
	.run = do_stop,
};

static int restart_one(struct call *call, const char *id, void *arg, struct err *err)
{
	bool attach = false;
	int r = ctr_stop(call->g->root, id, arg, err);

	return r < 0 ? r : start_one(call, id, &attach, err);
}

static int do_restart(struct call *call, struct err *err)
{
	struct stop_opts o;
	int r = read_stop(call->opts, &o, err);

	return r < 0 ? r : each_container(call, true, restart_one, &o, err);
}

const struct command cmd_restart = {
	.name = "restart",
	.usage = "[flags] ID...",
	.about = "stop containers and start them again",
	.examples = "ctr restart web\n",
	.args = {stop_args, false},
	.opts_size = sizeof(struct stop_flags),
	.flags = CMD_ON_ID | CMD_ENGINE,
	.min_words = 1,
	.max_words = ANY_WORDS,
	.run = do_restart,
};

/* ---- monitor ----------------------------------------------------------------------------------*/

/* This process is the monitor, and is to be it again. */
static int monitor_restart(struct call *call, const char *id, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	struct monitor_start start = {.report = -1, .client = -1};
	uint64_t in_a_row = 0, restarts = 0;
	struct again a;

	if (call->n_words > 3 && (num_max(call->words[2], 10, UINT_MAX, &in_a_row) < 0 ||
				  num_max(call->words[3], 10, UINT_MAX, &restarts) < 0))
		return err_say(err, EINVAL, "expected numbers");
	start.in_a_row = (unsigned)in_a_row;
	start.restarts = (unsigned)restarts;
	int r = container_open(call->g->root, id, false, false, &c, err);
	if (r < 0)
		return r;
	r = engine_again(call, &c, &a, err);
	if (r == 0)
		r = detach_become_monitor(&a.want, a.config, &a.host, &start, err);
	if (r != -ECANCELED)
		note_failure(call, id, err);
	return r;
}

static int monitor_ended(struct call *call, const char *id, struct err *err)
{
	static const struct engine_removal all = {.volumes = true};
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	int r = container_open(call->g->root, id, false, false, &c, err);

	if (r < 0)
		return r;
	return c.state && c.state->auto_remove ? engine_remove(call, id, &all, err)
					       : ctr_note_end(call->g->root, id, err);
}

/* It may have ended meanwhile: then there is nothing to be shown. */
static int monitor_size(struct call *call, const char *id, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	int r = container_open(call->g->root, id, false, false, &c, err);

	return r < 0 || c.pidfd < 0 ? r : own_size_write(&c, OWN_SIZE_BEAT, err);
}

static int do_monitor(struct call *call, struct err *err)
{
	const char *word = call->words[0], *id = call->words[1];

	if (str_eq(word, "restart"))
		return monitor_restart(call, id, err);
	if (str_eq(word, "ended"))
		return monitor_ended(call, id, err);
	if (str_eq(word, "health"))
		return health_check(call, id, err);
	if (str_eq(word, "size"))
		return monitor_size(call, id, err);
	return err_say(err, EINVAL, "unknown word \"%.40s\"", word);
}

const struct command cmd_monitor = {
	.name = "monitor",
	.usage = "restart|ended|health|size ID",
	.about = "what monitors have done by ctr",
	.args = {cmd_no_args, false},
	.flags = CMD_ENGINE | CMD_HIDDEN,
	.min_words = 2,
	.max_words = 4,
	.run = do_monitor,
};
