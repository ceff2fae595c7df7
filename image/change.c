/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <strings.h>

#include "image/change.h"
#include "runtime/base/json.h"
#include "runtime/base/words.h"

struct change {
	struct oci_process *config;
	const char *name, *rest;
	struct arena *mem;
	struct err *err;
};

static int bad(const struct change *c, const char *what)
{
	return err_say(c->err, EINVAL, "--change %s: expected %s, got \"%.60s\"", c->name, what,
		       c->rest);
}

/* ---- what instructions are followed by --------------------------------------------------------*/

struct list {
	struct words words;
	struct arena *mem;
	int depth;
	bool is_other;
};

static int add_element(void *ctx, const struct json_event *e)
{
	struct list *l = ctx;

	if (e->type == JSON_ARRAY)
		l->depth++;
	else if (e->type == JSON_TEXT)
		words_add(&l->words, arena_copy(l->mem, e->p, e->n), l->mem);
	else if (e->type != JSON_ARRAY_END)
		l->is_other = true;
	return 0;
}

/* ["a", "b"]; false: it is none. */
static bool read_list(const struct change *c, const char *text, struct words *ret)
{
	struct list l = {.mem = c->mem};
	struct err ignored = {0};

	if (*text != '[' || json_parse(text, strlen(text), add_element, &l, &ignored) < 0 ||
	    l.depth != 1 || l.is_other)
		return false;
	if (!l.words.n) /* empty is not absent */
		l.words.v = arena_zalloc(c->mem, 1, sizeof(*l.words.v));
	*ret = l.words;
	return true;
}

/* A program: a list, or a line for the shell. */
static struct words read_program(const struct change *c, const char *text)
{
	const struct oci_process *p = c->config;
	struct words w = {0};

	if (read_list(c, text, &w))
		return w;
	for (size_t i = 0; i < p->n_shell; i++)
		words_add(&w, p->shell[i], c->mem);
	if (!p->n_shell) {
		words_add(&w, "/bin/sh", c->mem);
		words_add(&w, "-c", c->mem);
	}
	words_add(&w, text, c->mem);
	return w;
}

/* Words between blanks; quotes of both kinds and backslashes as in a shell. */
static int read_words(const struct change *c, struct words *ret)
{
	char *out = arena_zalloc(c->mem, 2 * strlen(c->rest) + 2, 1);
	const char *p = c->rest;

	while (*(p += strspn(p, " \t"))) {
		const char *word = out;
		char quote = 0;
		for (; *p && (quote || (*p != ' ' && *p != '\t')); p++) {
			if (quote ? *p == quote : *p == '"' || *p == '\'')
				quote = quote ? 0 : *p;
			else
				*out++ = *p == '\\' && quote != '\'' && p[1] ? *++p : *p;
		}
		if (quote)
			return bad(c, "an end of the quotes");
		out++;
		words_add(ret, word, c->mem);
	}
	return ret->n ? 0 : bad(c, "something behind it");
}

/* A=B C="d e"; or A and all the rest as its value. */
static int read_pairs(const struct change *c, struct words *ret)
{
	struct words w = {0};
	const char *equals = strchr(c->rest, '='), *blank = strpbrk(c->rest, " \t");

	if (blank && (!equals || blank < equals)) {
		const char *value = blank + strspn(blank, " \t");
		words_add(ret,
			  arena_printf(c->mem, "%.*s=%s", (int)(blank - c->rest), c->rest, value),
			  c->mem);
		return 0;
	}
	int r = read_words(c, &w);
	for (size_t i = 0; r == 0 && i < w.n; i++)
		if (!strchr(w.v[i], '=') || *w.v[i] == '=')
			return bad(c, "NAME=VALUE");
	*ret = w;
	return r;
}

/* ---- the instructions -------------------------------------------------------------------------*/

static int do_cmd(struct change *c)
{
	struct words w = read_program(c, c->rest);

	c->config->cmd = w.v;
	c->config->n_cmd = w.n;
	return 0;
}

static int do_entrypoint(struct change *c)
{
	struct words w = read_program(c, c->rest);

	c->config->entrypoint = w.v;
	c->config->n_entrypoint = w.n;
	return 0;
}

static int do_env(struct change *c)
{
	struct words pairs = {0}, all = {0};
	int r = read_pairs(c, &pairs);

	for (size_t i = 0; i < c->config->n_env; i++)
		words_add(&all, c->config->env[i], c->mem);
	for (size_t i = 0; r == 0 && i < pairs.n; i++) {
		size_t n = (size_t)(strchr(pairs.v[i], '=') - pairs.v[i]) + 1, at = 0;
		while (at < all.n && strncmp(all.v[at], pairs.v[i], n) != 0)
			at++;
		if (at == all.n)
			words_add(&all, pairs.v[i], c->mem);
		else
			all.v[at] = pairs.v[i];
	}
	c->config->env = all.v;
	c->config->n_env = all.n;
	return r;
}

static int do_label(struct change *c)
{
	struct oci_process *p = c->config;
	struct words pairs = {0};
	int r = read_pairs(c, &pairs);

	if (r < 0)
		return r;
	struct config_kv *all = arena_zalloc(c->mem, p->n_labels + pairs.n, sizeof(*all));
	size_t n = p->n_labels;
	if (n)
		memcpy(all, p->labels, n * sizeof(*all));
	for (size_t i = 0; i < pairs.n; i++) {
		const char *equals = strchr(pairs.v[i], '=');
		const char *key = arena_copy(c->mem, pairs.v[i], (size_t)(equals - pairs.v[i]));
		size_t at = 0;
		while (at < n && !str_eq(all[at].key, key))
			at++;
		all[at] = (struct config_kv){key, equals + 1};
		n += at == n;
	}
	p->labels = all;
	p->n_labels = n;
	return 0;
}

static void add_mark(struct oci_mark **marks, size_t *n, const char *key, struct arena *mem)
{
	for (size_t i = 0; i < *n; i++)
		if (str_eq((*marks)[i].key, key))
			return;
	struct oci_mark *all = arena_zalloc(mem, *n + 1, sizeof(*all));
	if (*n)
		memcpy(all, *marks, *n * sizeof(*all));
	all[(*n)++].key = key;
	*marks = all;
}

static int do_expose(struct change *c)
{
	struct words w = {0};
	int r = read_words(c, &w);

	for (size_t i = 0; r == 0 && i < w.n; i++) {
		size_t digits = strspn(w.v[i], "0123456789-");
		const char *kind = w.v[i] + digits;
		if (!digits || (*kind && !str_eq(kind, "/tcp") && !str_eq(kind, "/udp") &&
				!str_eq(kind, "/sctp")))
			return bad(c, "ports such as 80/tcp");
		add_mark(&c->config->exposed_ports, &c->config->n_exposed_ports,
			 *kind ? w.v[i] : arena_printf(c->mem, "%s/tcp", w.v[i]), c->mem);
	}
	return r;
}

static int do_volume(struct change *c)
{
	struct words w = {0};
	int r = read_list(c, c->rest, &w) ? 0 : read_words(c, &w);

	for (size_t i = 0; r == 0 && i < w.n; i++) {
		if (*w.v[i] != '/')
			return bad(c, "absolute paths");
		add_mark(&c->config->volumes, &c->config->n_volumes, w.v[i], c->mem);
	}
	return r;
}

static int do_healthcheck(struct change *c)
{
	struct oci_healthcheck *h = arena_zalloc(c->mem, 1, sizeof(*h));
	struct words test = {0}, list = {0};

	if (strcasecmp(c->rest, "none") == 0) {
		words_add(&test, "NONE", c->mem);
	} else if (strncasecmp(c->rest, "cmd ", 4) == 0) {
		const char *program = c->rest + 4 + strspn(c->rest + 4, " ");
		bool is_list = read_list(c, program, &list);
		words_add(&test, is_list ? "CMD" : "CMD-SHELL", c->mem);
		for (size_t i = 0; i < list.n; i++)
			words_add(&test, list.v[i], c->mem);
		if (!is_list)
			words_add(&test, program, c->mem);
	} else {
		return bad(c, "NONE or CMD and a program (its times are flags of ctr run)");
	}
	h->test = test.v;
	h->n_test = test.n;
	c->config->healthcheck = h;
	return 0;
}

static int do_onbuild(struct change *c)
{
	struct words all = {0};

	for (size_t i = 0; i < c->config->n_on_build; i++)
		words_add(&all, c->config->on_build[i], c->mem);
	words_add(&all, c->rest, c->mem);
	c->config->on_build = all.v;
	c->config->n_on_build = all.n;
	return 0;
}

static int do_stopsignal(struct change *c)
{
	c->config->stop_signal = c->rest;
	return 0;
}

static int do_user(struct change *c)
{
	c->config->user = c->rest;
	return 0;
}

static int do_workdir(struct change *c)
{
	const char *now = c->config->working_dir ? c->config->working_dir : "";

	c->config->working_dir =
		*c->rest == '/' ? c->rest : arena_printf(c->mem, "%s/%s", now, c->rest);
	return 0;
}

static const struct {
	const char *name;
	int (*apply)(struct change *c);
} rows[] = {
	{"CMD", do_cmd},         {"ENTRYPOINT", do_entrypoint},   {"ENV", do_env},
	{"EXPOSE", do_expose},   {"HEALTHCHECK", do_healthcheck}, {"LABEL", do_label},
	{"ONBUILD", do_onbuild}, {"STOPSIGNAL", do_stopsignal},   {"USER", do_user},
	{"VOLUME", do_volume},   {"WORKDIR", do_workdir},
};

int change_apply(const char *text, struct oci_process *config, struct arena *mem, struct err *err)
{
	const char *p = text + strspn(text, " \t");
	size_t n = strcspn(p, " \t");
	const char *rest = p + n + strspn(p + n, " \t");
	size_t len = strlen(rest);

	while (len && (rest[len - 1] == ' ' || rest[len - 1] == '\t'))
		len--;
	struct change c = {config, NULL, arena_copy(mem, rest, len), mem, err};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (strlen(rows[i].name) != n || strncasecmp(rows[i].name, p, n) != 0)
			continue;
		c.name = rows[i].name;
		return len ? rows[i].apply(&c) : bad(&c, "something behind it");
	}
	err_say(err, EINVAL, "--change: \"%.*s\" is no instruction", n > 40 ? 40 : (int)n, p);
	err_hint(err, "CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, "
		      "USER, VOLUME, WORKDIR");
	return -EINVAL;
}
