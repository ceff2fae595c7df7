/* SPDX-License-Identifier: Apache-2.0 */
/* login, logout: passwords of registries. */
#include <errno.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "cmd/out.h"
#include "cmd/remote.h"
#include "runtime/base/fd.h"

/* clang-format off */
struct login_opts { struct remote_opts remote; const char *user, *password; bool from_stdin; };
static const struct arg login_args[] = {
	{"username", 'u', ARG_TEXT, offsetof(struct login_opts, user), "USER", "who (asks)"},
	{"password", 'p', ARG_TEXT, offsetof(struct login_opts, password), "PASSWORD", "others can see it in the list of processes (asks)"},
	{"password-stdin", 0, ARG_FLAG, offsetof(struct login_opts, from_stdin), NULL, "read it from standard input"},
	REMOTE_ARGS,
	ARGS_END};

struct logout_opts { const char *authfile; };
static const struct arg logout_args[] = {
	{"authfile", 0, ARG_TEXT, offsetof(struct logout_opts, authfile), "FILE", "passwords (auth.json, where podman keeps it)"},
	ARGS_END};
/* clang-format on */

enum { LINE_MAX_BYTES = 4096 };

static int read_line(bool hides, struct arena *mem, const char **ret, struct err *err)
{
	char line[LINE_MAX_BYTES];
	struct termios old, quiet;
	bool is_tty = hides && tcgetattr(STDIN_FILENO, &old) == 0;

	if (is_tty) {
		quiet = old;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	const char *got = fgets(line, sizeof(line), stdin);
	if (is_tty)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
	if (!got)
		return err_say(err, EINVAL, "standard input ended before there was an answer");
	line[strcspn(line, "\r\n")] = 0;
	*ret = arena_str(mem, line);
	return 0;
}

static int ask(const char *what, bool hides, struct arena *mem, const char **ret, struct err *err)
{
	if (*ret)
		return 0;
	if (!isatty(STDIN_FILENO))
		return err_say(err, EINVAL, "no %s: use --username and --password-stdin", what);
	fprintf(stderr, "%s: ", what);
	int r = read_line(hides, mem, ret, err);
	if (hides)
		fputc('\n', stderr);
	return r;
}

/* A host, as in "quay.io" or "localhost:5000". */
static int read_host(const char *text, struct arena *mem, struct ref *ret, struct err *err)
{
	if (str_starts(text, "https://"))
		text += strlen("https://");
	/* A name below it makes it one that can be parsed; the host is all that counts. */
	const char *host = arena_copy(mem, text, strcspn(text, "/"));
	bool is_host = strpbrk(host, ".:") || str_eq(host, "localhost");
	if (!is_host)
		return err_say(err, EINVAL, "\"%.80s\" is not the host of a registry", text);
	return ref_read(arena_printf(mem, "%s/x", host), mem, ret, err);
}

static int try_login(const struct ref *ref, struct registry_opts *remote, struct arena *mem,
		     struct err *err)
{
	struct registry *registry = NULL;
	struct regconf conf;
	struct regconf_place *places;
	size_t n;

	int r = regconf_load(mem, &conf, err);
	if (r < 0 || (r = regconf_places(&conf, ref, mem, &places, &n, err)) < 0)
		return r;
	places[n - 1].path = "";
	if ((r = registry_open(ref, &places[n - 1], remote, &registry, err)) < 0)
		return r;
	r = registry_ping(registry, err);
	registry_free(registry);
	return r;
}

static int do_login(struct call *call, struct err *err)
{
	const struct login_opts *o = call->opts;
	auto_(str) struct str text = {0};
	struct creds creds = {.user = o->user, .password = o->password};
	struct registry_opts remote;
	struct ref ref = {0};

	int r = remote_read(&o->remote, call->mem, &remote, err);
	if (r < 0 || (r = read_host(call->words[0], call->mem, &ref, err)) < 0 ||
	    (o->from_stdin && (r = read_line(false, call->mem, &creds.password, err)) < 0) ||
	    (r = ask("Username", false, call->mem, &creds.user, err)) < 0 ||
	    (r = ask("Password", true, call->mem, &creds.password, err)) < 0)
		return r;
	if (strchr(creds.user, ':'))
		return err_say(err, EINVAL, "a user name has no colon");
	remote.creds = &creds;
	if ((r = try_login(&ref, &remote, call->mem, err)) < 0 ||
	    (r = creds_keep(o->remote.authfile, ref.host, &creds, err)) < 0)
		return r;
	str_add(&text, "Login Succeeded!\n");
	return out_text(&text, err);
}

const struct command cmd_login = {
	FAR_LOGIN,
	.examples =
		"ctr login quay.io\npass show registry | ctr login -u me --password-stdin registry.example.com\n",
	.args = {login_args, false},
	.opts_size = sizeof(struct login_opts),
	.flags = CMD_ENGINE,
	.min_words = 1,
	.max_words = 1,
	.run = do_login,
};

static int do_logout(struct call *call, struct err *err)
{
	const struct logout_opts *o = call->opts;
	auto_(str) struct str text = {0};
	struct ref ref = {0};

	int r = read_host(call->words[0], call->mem, &ref, err);
	if (r < 0 || (r = creds_keep(o->authfile, ref.host, NULL, err)) < 0)
		return r;
	if (r == 0)
		return err_say(err, ENOENT, "not logged in to %s", ref.host);
	str_addf(&text, "Removed login credentials for %s\n", ref.host);
	return out_text(&text, err);
}

const struct command cmd_logout = {
	FAR_LOGOUT,
	.examples = "ctr logout quay.io\n",
	.args = {logout_args, false},
	.opts_size = sizeof(struct logout_opts),
	.flags = CMD_ENGINE,
	.min_words = 1,
	.max_words = 1,
	.run = do_logout,
};
