/* SPDX-License-Identifier: Apache-2.0 */
/* kill, delete, pause, resume. */
#include <errno.h>
#include <signal.h>

#include "cmd/remove.h"
#include "cmd/signals.h"
#include "runtime/lifecycle.h"

/* clang-format off */
const struct arg cmd_no_args[] = {ARGS_END};

struct kill_opts { const char *sig; bool all; };
static const struct arg kill_args[] = {
	{"all", 'a', ARG_FLAG, offsetof(struct kill_opts, all), NULL, "signal all processes of the container"},
	{"signal", 's', ARG_TEXT, offsetof(struct kill_opts, sig), "SIGNAL", "what to send; all words are containers"},
	ARGS_END};
static const struct arg strict_kill_args[] = {
	{"all", 'a', ARG_FLAG, offsetof(struct kill_opts, all), NULL, "signal all processes of the container"},
	ARGS_END};

struct delete_opts { bool force; };
static const struct arg delete_args[] = {
	{"force", 'f', ARG_FLAG, offsetof(struct delete_opts, force), NULL, "kill it first; finish what a crash left"},
	ARGS_END};
/* clang-format on */

static int kill_one(struct call *call, const char *id, void *arg, struct err *err)
{
	const struct kill_opts *o = call->opts;
	const int *sig = arg;
	int r = ctr_kill(call->g->root, id, *sig, o->all, err);

	if (r == 0 && *sig == SIGKILL)
		ctr_halt(call->g->root, id);
	return r;
}

/* `kill ID SIGNAL` is OCI's, `kill -s SIGNAL ID...` docker's. */
static int do_kill(struct call *call, struct err *err)
{
	const struct kill_opts *o = call->opts;
	bool is_docker = o->sig != NULL;
	const char *name = is_docker ? o->sig : call->n_words > 1 ? call->words[1] : "TERM";
	int sig = signal_number(name, err);

	if (sig < 0)
		return sig;
	if (!is_docker && call->n_words > 2)
		return err_say(err, EINVAL, "with several containers, name the signal by --signal");
	call->n_words = is_docker ? call->n_words : 1;
	return each_container(call, false, kill_one, &sig, err);
}

const struct command cmd_kill = {
	.name = "kill",
	.usage = "[--all] ID [SIGNAL] | --signal SIGNAL ID...",
	.about = "send a signal, TERM unless another is named",
	.examples = "ctr kill web\nctr kill web KILL\nctr kill -s HUP web db\n",
	.args = {kill_args, true},
	.strict_args = {strict_kill_args, true},
	.opts_size = sizeof(struct kill_opts),
	.flags = CMD_ON_ID,
	.min_words = 1,
	.max_words = ANY_WORDS,
	.run = do_kill,
};

static int do_delete(struct call *call, struct err *err)
{
	const struct delete_opts *o = call->opts;
	const struct engine_removal want = {.force = o->force};

	return engine_remove(call, call->id, &want, err);
}

const struct command cmd_delete = {
	.name = "delete",
	.usage = "[--force] ID",
	.about = "remove a stopped container and all that was made for it",
	.examples = "ctr delete web\nctr delete --force web\n",
	.args = {delete_args, false},
	.opts_size = sizeof(struct delete_opts),
	.flags = CMD_ON_ID,
	.min_words = 1,
	.max_words = 1,
	.run = do_delete,
};

static int pause_one(struct call *call, const char *id, void *arg, struct err *err)
{
	(void)arg;
	return ctr_pause(call->g->root, id, err);
}

static int do_pause(struct call *call, struct err *err)
{
	return each_container(call, false, pause_one, NULL, err);
}

const struct command cmd_pause = {
	.name = "pause",
	.usage = "ID...",
	.about = "freeze all processes of a container",
	.examples = "ctr pause web\n",
	.args = {cmd_no_args, false},
	.flags = CMD_ON_ID,
	.min_words = 1,
	.max_words = ANY_WORDS,
	.run = do_pause,
};

static int resume_one(struct call *call, const char *id, void *arg, struct err *err)
{
	(void)arg;
	return ctr_resume(call->g->root, id, err);
}

static int do_resume(struct call *call, struct err *err)
{
	return each_container(call, false, resume_one, NULL, err);
}

const struct command cmd_resume = {
	.name = "resume",
	.usage = "ID...",
	.about = "let a paused container go on",
	.examples = "ctr resume web\n",
	.args = {cmd_no_args, false},
	.flags = CMD_ON_ID,
	.min_words = 1,
	.max_words = ANY_WORDS,
	.run = do_resume,
};

const struct command cmd_unpause = {
	.name = "unpause",
	.usage = "ID...",
	.about = "the same as resume",
	.examples = "ctr unpause web\n",
	.args = {cmd_no_args, false},
	.flags = CMD_ON_ID | CMD_ENGINE,
	.min_words = 1,
	.max_words = ANY_WORDS,
	.run = do_resume,
};
