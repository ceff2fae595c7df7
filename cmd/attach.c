/* SPDX-License-Identifier: Apache-2.0 */
/* attach, wait: being there while a container runs. */
#include <errno.h>
#include <poll.h>

#include "cmd/attach.h"
#include "cmd/out.h"
#include "runtime/container.h"
#include "runtime/state.h"

static int read_streams(const struct words *names, struct attach_opts *o, struct err *err)
{
	if (!names || !names->n) {
		o->streams = STREAM_OUT | STREAM_ERR;
		return 0;
	}
	bool wants_input = false;
	for (size_t i = 0; i < names->n; i++) {
		const char *name = names->v[i];
		if (strcasecmp(name, "stdout") == 0)
			o->streams |= STREAM_OUT;
		else if (strcasecmp(name, "stderr") == 0)
			o->streams |= STREAM_ERR;
		else if (strcasecmp(name, "stdin") == 0)
			wants_input = true;
		else
			return err_say(err, EINVAL,
				       "--attach: expected stdin, stdout or stderr, got \"%.40s\"",
				       name);
	}
	o->has_input &= wants_input;
	return 0;
}

int attach_flags_read(const struct attach_flags *f, bool is_terminal, char keys[ATTACH_KEYS_MAX],
		      struct attach_opts *ret, struct err *err)
{
	struct attach_opts o = {
		.has_input = f->has_input, .is_terminal = is_terminal, .keys = keys};
	int n = attach_keys(f->keys ? f->keys : "ctrl-p,ctrl-q", keys, err);

	if (n < 0)
		return n;
	/* Bytes of a file are not typed by anybody. */
	o.n_keys = isatty(STDIN_FILENO) || f->keys ? (size_t)n : 0;
	o.passes_signals = !f->sig_proxy || str_eq(f->sig_proxy, "true");
	if (!o.passes_signals && !str_eq(f->sig_proxy, "false"))
		return err_say(err, EINVAL, "--sig-proxy: expected true or false, got \"%.40s\"",
			       f->sig_proxy);
	int r = read_streams(f->streams, &o, err);
	if (r == 0)
		*ret = o;
	return r;
}

int attach_container(const char *root, const char *id, int sock, const struct attach_opts *o,
		     int *ret_status, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	struct err ignored;

	/* It may have ended and be gone already: then there is nobody to pass signals on to. */
	container_open(root, id, false, false, &c, &ignored);
	return attach_run(sock, c.pidfd, o, ret_status, err);
}

/* clang-format off */
struct attach_cmd_opts { const char *keys, *sig_proxy; bool no_stdin; };
static const struct arg attach_args[] = {
	{"detach-keys", 0, ARG_TEXT, offsetof(struct attach_cmd_opts, keys), "KEYS", "keys that leave it alone (ctrl-p,ctrl-q)"},
	{"sig-proxy", 0, ARG_TEXT, offsetof(struct attach_cmd_opts, sig_proxy), "true|false", "pass signals on to it (true)"},
	{"no-stdin", 0, ARG_FLAG, offsetof(struct attach_cmd_opts, no_stdin), NULL, "look on only"},
	ARGS_END};
/* clang-format on */

static int do_attach(struct call *call, struct err *err)
{
	const struct attach_cmd_opts *f = call->opts;
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	const struct attach_flags flags = {
		.keys = f->keys, .sig_proxy = f->sig_proxy, .has_input = !f->no_stdin};
	char keys[ATTACH_KEYS_MAX];
	struct attach_opts o;
	int status = 0;

	int r = container_open(call->g->root, call->id, false, false, &c, err);
	if (r < 0)
		return r;
	if (container_status(&c) == STATUS_PAUSED)
		return err_say(err, EBUSY, "it is paused: ctr resume %.80s lets it go on", c.id);
	r = attach_flags_read(&flags, c.state && c.state->terminal, keys, &o, err);
	if (r < 0)
		return r;
	auto_fd int sock = attach_connect(&c, err);
	if (sock < 0)
		return sock;
	r = attach_run(sock, c.pidfd, &o, &status, err);
	return r < 0 ? r : status;
}

const struct command cmd_attach = {
	.name = "attach",
	.usage = "[flags] ID",
	.about = "see what a detached container says, and type into it",
	.examples = "ctr attach web\nctr attach --detach-keys ctrl-x shell\n",
	.args = {attach_args, false},
	.opts_size = sizeof(struct attach_cmd_opts),
	.flags = CMD_ON_ID | CMD_ENGINE,
	.min_words = 1,
	.max_words = 1,
	.run = do_attach,
};

/* ---- wait -------------------------------------------------------------------------------------*/

/* Without a monitor it is ctr in the foreground who writes the exit code, right after the end. */
static int wait_alone(const struct container *c, struct err *err)
{
	enum { PAUSE_MS = 10, PATIENCE = 500 };
	struct pollfd p = {.fd = c->pidfd, .events = POLLIN};

	while (c->pidfd >= 0 && poll(&p, 1, -1) < 0)
		if (errno != EINTR)
			return err_set(err, errno, "wait for the container");
	for (int i = 0; i < PATIENCE; i++) {
		int code = container_exit_code(c);
		if (code >= 0)
			return code;
		if (c->state && !c->state->engine)
			break;
		poll(NULL, 0, PAUSE_MS);
	}
	return err_say(err, ENODATA, "it has ended, and whoever waited for it kept no exit code");
}

static int wait_one(const struct call *call, const char *id, struct err *err)
{
	static const struct attach_opts end_only = {0};
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	struct err ignored;
	int status = 0;

	int r = container_open(call->g->root, id, false, false, &c, err);
	if (r < 0)
		return r;
	auto_fd int sock = attach_connect(&c, &ignored);
	if (sock >= 0 && attach_run(sock, -1, &end_only, &status, &ignored) == ATTACH_ENDED)
		return status;
	if (container_status(&c) == STATUS_CREATED)
		return err_say(err, EINVAL, "it was not started yet");
	return wait_alone(&c, err);
}

static int do_wait(struct call *call, struct err *err)
{
	for (size_t i = 0; i < call->n_words; i++) {
		auto_(str) struct str line = {0};
		int r = wait_one(call, call->words[i], err);
		if (r < 0)
			return err_wrap(err, "%.80s", call->words[i]);
		str_addf(&line, "%d\n", r);
		if (out_text(&line, err) < 0)
			return -err->num;
	}
	return 0;
}

const struct command cmd_wait = {
	.name = "wait",
	.usage = "ID...",
	.about = "wait for containers to end and print their exit codes",
	.examples = "ctr wait job\n",
	.args = {cmd_no_args, false},
	.flags = CMD_ENGINE,
	.min_words = 1,
	.max_words = ANY_WORDS,
	.run = do_wait,
};
