/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <seccomp.h>
#include <unistd.h>

#include "cmd/help.h"
#include "cmd/out.h"
#include "runtime/base/fd.h"
#include "runtime/config/config.h"

static bool is_offered(const struct globals *g, const struct command *c)
{
	return *c->name && !(g->is_strict && (c->flags & CMD_ENGINE)) && !(c->flags & CMD_HIDDEN);
}

/* Headings are for the long list only. */
static void add_commands(const struct globals *g, const struct command *const *commands,
			 struct str *text)
{
	if (g->is_strict)
		str_add(text, "\ncommands:\n");
	for (size_t i = 0; commands[i]; i++) {
		if (!*commands[i]->name && !g->is_strict)
			str_addf(text, "\n%s:\n", commands[i]->about);
		if (is_offered(g, commands[i]))
			str_addf(text, "  %-10s %s\n", commands[i]->name, commands[i]->about);
	}
	str_addf(text, "%s  help       explain a command\n  version    print the version\n",
		 g->is_strict ? "" : "\nabout ctr:\n");
}

int help_overview(const struct globals *g, const struct command *const *commands,
		  const struct arg_set *set, int fd)
{
	auto_(str) struct str text = {0};

	str_addf(&text, "usage: %s [global flags] COMMAND [flags] [arguments]\n", g->program);
	add_commands(g, commands, &text);
	str_add(&text, "\nglobal flags:\n");
	args_help(set, &text);
	if (!g->is_strict)
		str_addf(&text, "\nexample:\n  %s run --rm -it --cpus 1 -m 512m host bash\n",
			 g->program);
	return fd_write_all(fd, text.p, text.len) < 0 || fd == STDERR_FILENO;
}

static void add_examples(struct str *text, const char *examples)
{
	str_add(text, "\nexamples:\n");
	for (const char *at = examples; *at;) {
		size_t n = strcspn(at, "\n");
		str_addf(text, "  %.*s\n", (int)n, at);
		at += n + (at[n] == '\n');
	}
}

int help_command(const struct globals *g, const struct command *c, struct err *err)
{
	auto_(str) struct str text = {0};
	const struct arg_set *set =
		g->is_strict && c->strict_args.rows ? &c->strict_args : &c->args;

	str_addf(&text, "usage: %s %s %s\n\n%s\n", g->program, c->name, c->usage, c->about);
	if (set->rows[0].name) {
		str_add(&text, "\nflags:\n");
		args_help(set, &text);
	}
	if (c->examples)
		add_examples(&text, c->examples);
	return out_text(&text, err);
}

void help_usage(const struct globals *g, const struct command *c)
{
	auto_(str) struct str text = {0};

	if (c)
		str_addf(&text, "usage: %s %s %s\n       %s %s --help\n", g->program, c->name,
			 c->usage, g->program, c->name);
	else
		str_addf(&text, "usage: %s COMMAND [flags] [arguments]\n       %s --help\n",
			 g->program, g->program);
	fd_write_all(STDERR_FILENO, text.p, text.len);
}

int help_version(const struct globals *g, struct err *err)
{
	const struct scmp_version *seccomp = seccomp_version();
	auto_(str) struct str text = {0};

	str_addf(&text, "%s version %s\nspec: %s\n", g->program, CTR_VERSION, CONFIG_OCI_VERSION);
	if (seccomp)
		str_addf(&text, "libseccomp: %u.%u.%u\n", seccomp->major, seccomp->minor,
			 seccomp->micro);
	return out_text(&text, err);
}

int help_other(const struct globals *g, const struct command *const *commands,
	       const char *const *words, struct err *err)
{
	if (str_eq(words[0], "version") && !words[1])
		return help_version(g, err);
	if (!str_eq(words[0], "help"))
		return err_say(err, EINVAL, "unknown command \"%.40s\"", words[0]);
	for (size_t i = 0; words[1] && commands[i]; i++)
		if (str_eq(commands[i]->name, words[1]) && is_offered(g, commands[i]))
			return help_command(g, commands[i], err);
	if (words[1])
		return err_say(err, EINVAL, "unknown command \"%.40s\"", words[1]);
	static const struct arg none[] = {ARGS_END};
	static const struct arg_set no_flags = {none, false};
	return help_overview(g, commands, &no_flags, STDOUT_FILENO);
}
