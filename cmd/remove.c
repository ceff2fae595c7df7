/* SPDX-License-Identifier: Apache-2.0 */
/* rm; what the engine keeps for a container beside its record. */
#include <errno.h>
#include <fcntl.h>

#include "cmd/out.h"
#include "cmd/remove.h"
#include "cmd/volume.h"
#include "runtime/base/log.h"
#include "runtime/base/path.h"
#include "runtime/lifecycle.h"
#include "runtime/state.h"

int each_container(struct call *call, bool prints, container_fn *fn, void *arg, struct err *err)
{
	struct err last = {0};

	for (size_t i = 0; i < call->n_words; i++) {
		char text[1024];
		struct err e = {0};
		int r = fn(call, call->words[i], arg, &e);
		if (r >= 0 && prints)
			r = out_line(call->words[i], &e);
		if (r >= 0)
			continue;
		if (last.num)
			log_line(LOG_LEVEL_ERROR, "%s %s: %s", "container", call->id,
				 err_text(&last, text, sizeof(text)));
		last = e;
		call->id = call->words[i]; /* the message is about this one */
	}
	*err = last;
	return -last.num;
}

/* The log is removed last: who finds the container gone and the log there removes the log. */
static void remove_log(const char *dir)
{
	auto_(arena) struct arena mem = {0};
	const char *slash = dir ? strrchr(dir, '/') : NULL;

	if (!slash)
		return;
	auto_fd int above = open(arena_copy(&mem, dir, (size_t)(slash - dir)),
				 O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (above >= 0)
		path_remove_tree(above, slash + 1);
}

int engine_remove(const struct call *call, const char *id, const struct engine_removal *want,
		  struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	struct err ignored;

	/* What the record names is read before it goes away. */
	bool is_there = container_open(call->g->root, id, false, true, &c, &ignored) == 0;
	int r = ctr_delete(call->g->root, id, want->force, err);
	if (r == 0 && is_there && c.state && c.state->options) {
		remove_log(c.state->options->log_dir);
		if (want->volumes || c.state->auto_remove)
			volumes_remove(call->g->root, c.state->options);
	}
	return r;
}

/* clang-format off */
struct rm_opts { bool force, volumes; };
static const struct arg rm_args[] = {
	{"force", 'f', ARG_FLAG, offsetof(struct rm_opts, force), NULL, "kill it first; one that is not there is no error"},
	{"volumes", 'v', ARG_FLAG, offsetof(struct rm_opts, volumes), NULL, "its volumes without a name, too"},
	ARGS_END};
/* clang-format on */

static int rm_one(struct call *call, const char *id, void *arg, struct err *err)
{
	const struct rm_opts *o = arg;
	const struct engine_removal want = {.force = o->force, .volumes = o->volumes};

	return engine_remove(call, id, &want, err);
}

static int do_rm(struct call *call, struct err *err)
{
	struct rm_opts o = *(const struct rm_opts *)call->opts;

	return each_container(call, true, rm_one, &o, err);
}

const struct command cmd_rm = {
	.name = "rm",
	.usage = "[flags] ID...",
	.about = "remove containers and all that was made for them",
	.examples = "ctr rm web\nctr rm -fv web db\n",
	.args = {rm_args, false},
	.opts_size = sizeof(struct rm_opts),
	.flags = CMD_ON_ID | CMD_ENGINE,
	.min_words = 1,
	.max_words = ANY_WORDS,
	.run = do_rm,
};
