/* SPDX-License-Identifier: Apache-2.0 */
/* secret: what `ctr run --secret NAME` gives to containers. No verb shows a value. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cmd/command.h"
#include "cmd/out.h"
#include "cmd/template.h"
#include "cmd/verbs.h"
#include "runtime/base/clock.h"
#include "runtime/base/fd.h"
#include "runtime/base/json.h"
#include "runtime/base/path.h"
#include "runtime/container.h"
#include "runtime/secret.h"
#include "runtime/walk.h"

struct secret_opts {
	const char *format;
	bool quiet, env, replace, ignore;
};

static int open_secrets(const struct call *call, struct err *err)
{
	const char *path = secrets_dir(call->g->root, call->mem);
	int fd = path_make_dir(path, 0700);

	return fd < 0 ? err_set(err, fd, "make %s", path) : fd;
}

/* ---- create -----------------------------------------------------------------------------------*/

/* A file, standard input (-), or with --env a variable of ctr's. */
static int read_input(const struct secret_opts *o, const char *from, struct str *text,
		      struct err *err)
{
	const char *value = o->env ? getenv(from) : NULL;

	if (o->env && !value)
		return err_say(err, ENOENT, "there is no variable \"%.80s\"", from);
	if (o->env) {
		str_add(text, value);
		return text->len > SECRET_MAX ? err_set(err, EFBIG, "read %.80s", from) : 0;
	}
	bool is_input = str_eq(from, "-");
	int r = is_input ? fd_read_all(STDIN_FILENO, SECRET_MAX, text)
			 : fd_read_file(AT_FDCWD, from, SECRET_MAX, text);
	if (r == -EFBIG)
		return err_say(err, EFBIG, "%.200s is larger than %d bytes", from, SECRET_MAX);
	return r < 0 ? err_set(err, r, "read %.200s", is_input ? "standard input" : from) : 0;
}

/* Whole and on the disk under another name first: nobody ever reads a half, or finds an old one. */
static int store(int dir, const char *name, const struct str *text, bool replace)
{
	const char new[] = ".new";
	auto_fd int fd = -1;

	unlinkat(dir, new, 0);
	fd = openat(dir, new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : fd_write_all(fd, text->p ? text->p : "", text->len);
	if (r == 0 &&
	    (fsync(fd) < 0 || renameat2(dir, new, dir, name, replace ? 0 : RENAME_NOREPLACE) < 0 ||
	     fsync(dir) < 0))
		r = -errno;
	if (r < 0)
		unlinkat(dir, new, 0);
	return r;
}

static int secret_create(struct call *call, struct err *err)
{
	const struct secret_opts *o = call->opts;
	auto_(str) struct str text = {0};
	const char *name = call->words[0];
	auto_fd int dir = open_secrets(call, err);
	int r = dir < 0 ? dir : secret_check_name(name, err);

	if (r == 0)
		r = read_input(o, call->words[1], &text, err);
	if (r == 0 && (r = store(dir, name, &text, o->replace)) < 0) {
		err_set(err, r, "make the secret %s", name);
		if (r == -EEXIST)
			err_hint(err, "--replace puts another value in its place");
	}
	if (text.p)
		explicit_bzero(text.p, text.cap);
	return r < 0 ? r : out_line(name, err);
}

/* ---- ls, inspect ------------------------------------------------------------------------------*/

static int describe(const struct call *call, int dir, const char *name, bool is_pretty,
		    struct str *ret, struct err *err)
{
	struct json_out o = {.s = ret, .indent = is_pretty ? "    " : NULL};
	char made[CLOCK_TEXT_MAX];
	struct stat st;

	(void)call;
	int r = secret_check_name(name, err);
	if (r < 0)
		return r;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_say(err, ENOENT, "there is no secret \"%.80s\"", name);
	json_open(&o, NULL, '{');
	json_text(&o, "ID", name);
	json_text(&o, "Name", name);
	json_text(&o, "CreatedAt", clock_text(made, st.st_mtim.tv_sec, CLOCK_WHOLE));
	json_open(&o, "Spec", '{');
	json_text(&o, "Name", name);
	json_open(&o, "Driver", '{');
	json_text(&o, "Name", "file");
	json_close(&o, '}');
	json_close(&o, '}');
	json_close(&o, '}');
	return 0;
}

static int add_row(const struct call *call, int dir, const char *name, struct str *text,
		   struct err *err)
{
	const struct secret_opts *o = call->opts;
	auto_(str) struct str json = {0};
	char made[CLOCK_TEXT_MAX];
	struct stat st;

	if (o->format) {
		int r = describe(call, dir, name, false, &json, err);
		if (r == 0)
			r = template_fill(str_eq(o->format, "json") ? "{{json .}}" : o->format,
					  json.p, text, err);
		str_add_char(text, '\n');
		return r;
	}
	if (o->quiet)
		str_addf(text, "%s\n", name);
	else if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		str_addf(text, "%-24s %s\n", name,
			 clock_text(made, st.st_mtim.tv_sec, CLOCK_WHOLE));
	return 0;
}

static int secret_ls(struct call *call, struct err *err)
{
	const struct secret_opts *o = call->opts;
	auto_(str) struct str text = {0};
	auto_fd int dir = open_secrets(call, err);
	struct words names = {0};

	if (dir < 0)
		return dir;
	int r = walk_names(dir, &names, call->mem);
	if (r < 0)
		return err_set(err, r, "read the secrets' directory");
	if (!o->quiet && !o->format)
		str_addf(&text, "%-24s %s\n", "NAME", "CREATED");
	for (size_t i = 0; i < names.n; i++)
		if (path_id_ok(names.v[i]) && (r = add_row(call, dir, names.v[i], &text, err)) < 0)
			return r;
	return out_text(&text, err);
}

static int secret_inspect(struct call *call, struct err *err)
{
	const struct secret_opts *o = call->opts;
	auto_fd int dir = open_secrets(call, err);

	return dir < 0 ? dir : verbs_inspect(call, o->format, dir, describe, err);
}

/* ---- rm ---------------------------------------------------------------------------------------*/

/* A container that gets it at its next start, or NULL. */
static const char *user_of(const struct call *call, const char *name)
{
	struct err ignored;
	const char **ids;
	int n = container_ids(call->g->root, call->mem, &ids, &ignored);

	for (int i = 0; i < n; i++) {
		auto_(container) struct container c = {.dir_fd = -1, .pidfd = -1};
		if (container_open(call->g->root, ids[i], false, false, &c, &ignored) < 0)
			continue;
		const struct state_options *x = c.state ? c.state->options : NULL;
		for (size_t k = 0; x && k < x->n_secrets; k++)
			if (x->secrets[k].stored && str_eq(x->secrets[k].stored, name))
				return ids[i];
	}
	return NULL;
}

static int secret_rm(struct call *call, struct err *err)
{
	const struct secret_opts *o = call->opts;
	auto_fd int dir = open_secrets(call, err);

	if (dir < 0)
		return dir;
	for (size_t i = 0; i < call->n_words; i++) {
		const char *name = call->words[i];
		int r = secret_check_name(name, err);
		const char *user = r < 0 ? NULL : user_of(call, name);
		if (user)
			r = err_say(err, EBUSY, "the secret %s is used by the container %.80s",
				    name, user);
		if (r == 0 && unlinkat(dir, name, 0) < 0 && !(errno == ENOENT && o->ignore))
			r = errno == ENOENT
				    ? err_say(err, ENOENT, "there is no secret \"%.80s\"", name)
				    : err_set(err, errno, "remove the secret %s", name);
		if (r < 0 || (r = out_line(name, err)) < 0)
			return r;
	}
	return 0;
}

/* clang-format off */
#define OPT(member) offsetof(struct secret_opts, member)
static const struct arg secret_args[] = {
	{"env", 0, ARG_FLAG, OPT(env), NULL, "create: the value is that of a variable"},
	{"replace", 0, ARG_FLAG, OPT(replace), NULL, "create: in the place of another value"},
	{"quiet", 'q', ARG_FLAG, OPT(quiet), NULL, "ls: names only"},
	{"format", 0, ARG_TEXT, OPT(format), "FORMAT", "ls, inspect: json, or as in '{{.Name}}'"},
	{"ignore", 'i', ARG_FLAG, OPT(ignore), NULL, "rm: one that is not there is no error"},
	ARGS_END};
#undef OPT

static const struct command verbs[] = {
	{.name = "secret create", .usage = "NAME FILE|-", .min_words = 2, .max_words = 2, .run = secret_create},
	{.name = "secret ls", .usage = "", .run = secret_ls},
	{.name = "secret list", .usage = "", .flags = CMD_HIDDEN, .run = secret_ls},
	{.name = "secret inspect", .usage = "NAME...", .min_words = 1, .max_words = ANY_WORDS, .run = secret_inspect},
	{.name = "secret rm", .usage = "NAME...", .min_words = 1, .max_words = ANY_WORDS, .run = secret_rm},
};
/* clang-format on */

static int do_secret(struct call *call, struct err *err)
{
	return verbs_run(call, verbs, sizeof(verbs) / sizeof(*verbs), err);
}

const struct command cmd_secret = {
	.name = "secret",
	.usage =
		"create NAME FILE|- | create --env NAME VARIABLE | ls | inspect NAME... | rm NAME...",
	.about = "passwords and keys for containers, which no image has",
	.examples = "pwgen 20 1 | ctr secret create db-password -\n"
		    "ctr run -d --secret db-password --name db host db-server\n"
		    "ctr run --rm --secret db-password,type=env,target=PGPASSWORD host psql -l\n",
	.args = {secret_args, false},
	.opts_size = sizeof(struct secret_opts),
	.flags = CMD_ENGINE,
	.min_words = 1,
	.max_words = ANY_WORDS,
	.run = do_secret,
};
