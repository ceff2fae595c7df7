/* SPDX-License-Identifier: Apache-2.0 */
/* create, start, kill, delete, pause, resume. */
#include <errno.h>
#include <signal.h>

#include "cmd/bundle.h"
#include "cmd/command.h"
#include "cmd/oci.h"
#include "cmd/signals.h"

/* clang-format off */
const struct arg cmd_no_args[] = {ARGS_END};

static const struct arg create_args[] = {OCI_ARGS, ARGS_END};

struct kill_opts { bool all; };
static const struct arg kill_args[] = {
	{"all", 'a', ARG_FLAG, offsetof(struct kill_opts, all), NULL, "signal all processes of the container"},
	ARGS_END};

struct delete_opts { bool force; };
static const struct arg delete_args[] = {
	{"force", 'f', ARG_FLAG, offsetof(struct delete_opts, force), NULL, "kill it first; finish what a crash left"},
	ARGS_END};
/* clang-format on */

static int do_create(struct call *call, struct err *err)
{
	const struct oci_opts *o = call->opts;
	struct create_opts want;
	struct bundle b;

	int r = oci_opts_read(o, call, &b, &want, err);
	if (r < 0)
		return r;
	want.wait_for_start = true;
	return ctr_create(&want, b.config, &b.host, err);
}

const struct command cmd_create = {
	.name = "create",
	.usage = "[flags] ID",
	.about = "make a container from a bundle; it waits for start",
	.examples = "ctr create --bundle /srv/web web\n",
	.args = {create_args, false},
	.opts_size = sizeof(struct oci_opts),
	.flags = CMD_ON_ID,
	.min_words = 1,
	.max_words = 1,
	.run = do_create,
};

static int do_start(struct call *call, struct err *err)
{
	const char *notify = getenv("NOTIFY_SOCKET");

	return ctr_start(call->g->root, call->id, notify && *notify ? notify : NULL, err);
}

const struct command cmd_start = {
	.name = "start",
	.usage = "ID",
	.about = "run the program of a created container",
	.examples = "ctr start web\n",
	.args = {cmd_no_args, false},
	.flags = CMD_ON_ID,
	.min_words = 1,
	.max_words = 1,
	.run = do_start,
};

static int do_kill(struct call *call, struct err *err)
{
	const struct kill_opts *o = call->opts;
	int sig = call->n_words > 1 ? signal_number(call->words[1], err) : SIGTERM;

	if (sig < 0)
		return sig;
	return ctr_kill(call->g->root, call->id, sig, o->all, err);
}

const struct command cmd_kill = {
	.name = "kill",
	.usage = "[--all] ID [SIGNAL]",
	.about = "send a signal, TERM unless another is named",
	.examples = "ctr kill web\nctr kill web KILL\n",
	.args = {kill_args, true},
	.opts_size = sizeof(struct kill_opts),
	.flags = CMD_ON_ID,
	.min_words = 1,
	.max_words = 2,
	.run = do_kill,
};

static int do_delete(struct call *call, struct err *err)
{
	const struct delete_opts *o = call->opts;

	return ctr_delete(call->g->root, call->id, o->force, err);
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

static int do_pause(struct call *call, struct err *err)
{
	return ctr_pause(call->g->root, call->id, err);
}

const struct command cmd_pause = {
	.name = "pause",
	.usage = "ID",
	.about = "freeze all processes of a container",
	.examples = "ctr pause web\n",
	.args = {cmd_no_args, false},
	.flags = CMD_ON_ID,
	.min_words = 1,
	.max_words = 1,
	.run = do_pause,
};

static int do_resume(struct call *call, struct err *err)
{
	return ctr_resume(call->g->root, call->id, err);
}

const struct command cmd_resume = {
	.name = "resume",
	.usage = "ID",
	.about = "let a paused container go on",
	.examples = "ctr resume web\n",
	.args = {cmd_no_args, false},
	.flags = CMD_ON_ID,
	.min_words = 1,
	.max_words = 1,
	.run = do_resume,
};
