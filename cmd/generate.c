/* SPDX-License-Identifier: Apache-2.0 */
/* generate systemd: a unit that makes a container again, as it was asked for, at each start. */
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/out.h"
#include "cmd/unit.h"
#include "image/store.h"
#include "runtime/base/self.h"
#include "runtime/container.h"
#include "runtime/state.h"

/* A word of a command line as systemd.service(5) and systemd.syntax(7) read it. */
static void add_word(struct str *out, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-_./:=@,+";
	bool quoted = !*word || word[strspn(word, plain)];

	str_add(out, quoted ? " \"" : " ");
	for (const char *p = word; *p; p++) {
		if (*p == '\n')
			str_add(out, "\\n");
		else if ((unsigned char)*p < ' ')
			str_addf(out, "\\x%02x", (unsigned char)*p);
		else if (*p == '%' || *p == '$')
			str_addf(out, "%c%c", *p, *p);
		else
			str_addf(out, "%s%c", *p == '"' || *p == '\\' ? "\\" : "", *p);
	}
	str_add(out, quoted ? "\"" : "");
}

static void add_words(struct str *out, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add_word(out, words[i]);
}

/* ctr itself, and which containers and images it knows. */
static void add_ctr(const struct call *call, const char *self, struct str *out)
{
	const struct globals *g = call->g;

	add_word(out, self);
	if (g->root_is_given) {
		add_word(out, "--root");
		add_word(out, g->root);
	}
	if (!str_eq(g->store, store_default_dir(call->mem))) {
		add_word(out, "--store");
		add_word(out, g->store);
	}
}

/* ExecStart= and the others: "NAME=PREFIX", ctr, words. */
static void add_exec(const struct call *call, const char *self, const char *name,
		     const char *const *words, struct str *out)
{
	auto_(str) struct str line = {0};

	add_ctr(call, self, &line);
	for (; *words; words++)
		add_word(&line, *words);
	str_addf(out, "%s%s\n", name, line.p + 1);
}

/* The flags, with what belongs to systemd now taken out of the container's hands: the last one wins. */
static void add_start(const struct call *call, const char *self, const char *id,
		      const struct state_options *o, struct str *out)
{
	static const char *const overrides[] = {"--rm",  "--detach=false", "--restart",
						"no",    "--tty=false",    "--interactive=false",
						"--name"};
	size_t n_flags = o->n_run_flags;
	bool ends = n_flags && str_eq(o->run_flags[n_flags - 1], "--");
	auto_(str) struct str line = {0};

	add_ctr(call, self, &line);
	add_word(&line, "run");
	add_words(&line, o->run_flags, n_flags - ends);
	add_words(&line, overrides, sizeof(overrides) / sizeof(*overrides));
	add_word(&line, id);
	if (ends)
		add_word(&line, "--");
	add_words(&line, o->run_words, o->n_run_words);
	str_addf(out, "ExecStart=%s\n", line.p + 1);
}

static void add_unit(const struct call *call, const char *self, const char *id,
		     const struct state_options *o, struct str *out)
{
	const char *stop[] = {"stop", id, NULL}, *clear[] = {"rm", "--force", id, NULL};
	auto_(str) struct str dir = {0};
	bool restarts = o->restart && !str_eq(o->restart, "no");

	str_addf(
		out,
		"[Unit]\nDescription=Container %s\nDocumentation=man:ctr-start(1)\n"
		"Wants=network-online.target\nAfter=network-online.target\n\n[Service]\n" UNIT_SERVICE,
		id);
	add_word(&dir, o->run_dir);
	str_addf(out, "WorkingDirectory=%s\n", dir.p + 1);
	/* What a crash has left of the last one. */
	add_exec(call, self, "ExecStartPre=-", clear, out);
	add_start(call, self, id, o, out);
	add_exec(call, self, "ExecStop=-", stop, out);
	if (o->stop_timeout >= 0)
		str_addf(out, "TimeoutStopSec=%d\n", o->stop_timeout + UNIT_STOP_MORE);
	else
		str_add(out, "TimeoutStopSec=infinity\n");
	str_addf(out, "Restart=%s\n",
		 !restarts                          ? "no"
		 : str_eq(o->restart, "on-failure") ? "on-failure"
						    : "always");
	str_addf(out, "\n[Install]\nWantedBy=%s\n",
		 geteuid() ? "default.target" : "multi-user.target");
}

static int do_generate(struct call *call, struct err *err)
{
	auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
	auto_(str) struct str text = {0};
	char self[PATH_MAX];

	if (!str_eq(call->words[0], "systemd"))
		return err_say(err, EINVAL, "expected systemd, got \"%.40s\"", call->words[0]);
	call->id = call->words[1];
	int r = container_open(call->g->root, call->id, false, false, &c, err);
	if (r < 0)
		return r;
	const struct state_options *o = c.state->options;
	if (!o || !o->run_dir)
		return err_say(err, ENOTSUP,
			       "it was not made by ctr run or ctr create: how, is not "
			       "on record");
	if ((r = self_path(self, sizeof(self), err)) < 0)
		return r;
	add_unit(call, self, c.id, o, &text);
	return out_text(&text, err);
}

const struct command cmd_generate = {
	.name = "generate",
	.usage = "systemd ID",
	.about = "print a systemd unit that makes a container again, as at boot",
	.examples = "ctr run -d --name web --restart on-failure -p 8080:80 nginx\n"
		    "ctr generate systemd web >/etc/systemd/system/web.service\n"
		    "systemctl enable web\n",
	.args = {cmd_no_args, false},
	.flags = CMD_ENGINE,
	.min_words = 2,
	.max_words = 2,
	.run = do_generate,
};
