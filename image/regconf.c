/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "image/regconf.h"
#include "runtime/base/fd.h"
#include "runtime/base/str.h"

enum { CONF_MAX = 1 << 20 };

/* The part of TOML that these files use: tables, and keys with texts, lists of texts, booleans. */
struct toml {
	const char *at;
	unsigned line;
	struct arena *mem;
	struct err *err;
};

struct value {
	enum { VALUE_TEXT, VALUE_BOOL, VALUE_LIST } kind;
	const char *text;
	bool is_true;
	struct words list;
};

static int bad(struct toml *t, const char *what)
{
	return err_say(t->err, EINVAL, "line %u: %s", t->line, what);
}

static void skip_blanks(struct toml *t)
{
	t->at += strspn(t->at, " \t\r");
}

/* Over empty lines and comments. */
static void skip_lines(struct toml *t)
{
	for (;;) {
		skip_blanks(t);
		if (*t->at == '#')
			t->at += strcspn(t->at, "\n");
		if (*t->at != '\n')
			return;
		t->at++;
		t->line++;
	}
}

static int end_of_line(struct toml *t)
{
	skip_blanks(t);
	if (*t->at == '#')
		t->at += strcspn(t->at, "\n");
	return !*t->at || *t->at == '\n' ? 0 : bad(t, "something stands behind the value");
}

static int quoted(struct toml *t, const char **ret)
{
	char quote = *t->at++;
	auto_(str) struct str text = {0};

	for (; *t->at != quote; t->at++) {
		if (!*t->at || *t->at == '\n')
			return bad(t, "a text without an end");
		if (quote == '"' && *t->at == '\\') {
			t->at++;
			if (*t->at != '"' && *t->at != '\\')
				return bad(t, "an escape other than \\\" and \\\\");
		}
		str_add_char(&text, *t->at);
	}
	t->at++;
	*ret = arena_copy(t->mem, text.p ? text.p : "", text.len);
	return 0;
}

static int word(struct toml *t, const char **ret)
{
	static const char bare[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

	if (*t->at == '"' || *t->at == '\'')
		return quoted(t, ret);
	size_t n = strspn(t->at, bare);
	if (!n)
		return bad(t, "expected a name");
	*ret = arena_copy(t->mem, t->at, n);
	t->at += n;
	return 0;
}

static int list(struct toml *t, struct words *ret)
{
	const char *text = "";

	for (t->at++;;) {
		skip_lines(t);
		if (*t->at == ']') {
			t->at++;
			return 0;
		}
		if (*t->at != '"' && *t->at != '\'')
			return bad(t, "expected a text in the list");
		if (quoted(t, &text) < 0)
			return -t->err->num;
		words_add(ret, text, t->mem);
		skip_lines(t);
		if (*t->at == ',')
			t->at++;
		else if (*t->at != ']')
			return bad(t, "expected a comma or the end of the list");
	}
}

static int value(struct toml *t, struct value *ret)
{
	struct value v = {.text = ""};

	if (*t->at == '"' || *t->at == '\'') {
		if (quoted(t, &v.text) < 0)
			return -t->err->num;
	} else if (*t->at == '[') {
		v.kind = VALUE_LIST;
		if (list(t, &v.list) < 0)
			return -t->err->num;
	} else {
		v.kind = VALUE_BOOL;
		v.is_true = str_starts(t->at, "true");
		if (!v.is_true && !str_starts(t->at, "false"))
			return bad(t, "expected a text, a list, true or false");
		t->at += v.is_true ? 4 : 5;
	}
	*ret = v;
	return end_of_line(t);
}

/* ---- what the keys mean -----------------------------------------------------------------------*/

enum section { TOP, ALIASES, REGISTRY, MIRROR, OTHER };

static void add_registry(struct regconf *c, struct arena *mem)
{
	struct regconf_registry *all = arena_zalloc(mem, c->n_registries + 1, sizeof(*all));

	if (c->n_registries)
		memcpy(all, c->registries, c->n_registries * sizeof(*all));
	c->registries = all;
	c->n_registries++;
}

static void add_mirror(struct regconf_registry *r, struct arena *mem)
{
	struct regconf_mirror *all = arena_zalloc(mem, r->n_mirrors + 1, sizeof(*all));

	if (r->n_mirrors)
		memcpy(all, r->mirrors, r->n_mirrors * sizeof(*all));
	r->mirrors = all;
	r->n_mirrors++;
}

static int table(struct toml *t, struct regconf *c, enum section *section)
{
	static const struct {
		enum section section;
		const char *name;
	} rows[] = {
		{REGISTRY, "registry"},
		{MIRROR, "registry.mirror"},
		{ALIASES, "aliases"},
	};
	bool is_list = t->at[1] == '[';
	const char *name = "";

	t->at += is_list ? 2 : 1;
	skip_blanks(t);
	if (word(t, &name) < 0)
		return -t->err->num;
	skip_blanks(t);
	if (!str_starts(t->at, is_list ? "]]" : "]"))
		return bad(t, "expected ] behind the table's name");
	t->at += is_list ? 2 : 1;
	*section = OTHER;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (str_eq(name, rows[i].name) && is_list == (rows[i].section != ALIASES))
			*section = rows[i].section;
	if (*section == REGISTRY)
		add_registry(c, t->mem);
	if (*section == MIRROR) {
		if (!c->n_registries)
			return bad(t, "a mirror of no registry");
		add_mirror(&c->registries[c->n_registries - 1], t->mem);
	}
	return end_of_line(t);
}

static int set_mirror(struct toml *t, struct regconf_mirror *m, const char *key,
		      const struct value *v)
{
	if (str_eq(key, "location") && v->kind == VALUE_TEXT) {
		m->location = v->text;
	} else if (str_eq(key, "insecure") && v->kind == VALUE_BOOL) {
		m->is_insecure = v->is_true;
	} else if (str_eq(key, "pull-from-mirror") && v->kind == VALUE_TEXT) {
		m->pull = str_eq(v->text, "digest-only") ? MIRROR_DIGEST
			  : str_eq(v->text, "tag-only")  ? MIRROR_TAG
							 : MIRROR_ALL;
	} else {
		return bad(t, "unknown key of a mirror, or a value of the wrong kind");
	}
	return 0;
}

static int set_registry(struct toml *t, struct regconf_registry *r, const char *key,
			const struct value *v)
{
	if (str_eq(key, "prefix") && v->kind == VALUE_TEXT)
		r->prefix = v->text;
	else if (str_eq(key, "location") && v->kind == VALUE_TEXT)
		r->location = v->text;
	else if (str_eq(key, "insecure") && v->kind == VALUE_BOOL)
		r->is_insecure = v->is_true;
	else if (str_eq(key, "blocked") && v->kind == VALUE_BOOL)
		r->is_blocked = v->is_true;
	else if (str_eq(key, "mirror-by-digest-only") && v->kind == VALUE_BOOL)
		r->by_digest_only = v->is_true;
	else
		return bad(t, "unknown key of a registry, or a value of the wrong kind");
	return 0;
}

/* The files of passwords name helpers of their own, which are asked. */
static int check_helpers(struct toml *t, const struct words *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (!str_eq(list->v[i], "containers-auth.json"))
			return bad(t, "only containers-auth.json can be a credential helper here: "
				      "name others in auth.json, as credHelpers");
	return 0;
}

static int set_top(struct toml *t, struct regconf *c, const char *key, const struct value *v)
{
	if (str_eq(key, "unqualified-search-registries") && v->kind == VALUE_LIST)
		c->search = v->list;
	else if (str_eq(key, "short-name-mode") && v->kind == VALUE_TEXT)
		c->is_enforcing = str_eq(v->text, "enforcing");
	else if (str_eq(key, "credential-helpers") && v->kind == VALUE_LIST)
		return check_helpers(t, &v->list);
	else
		return bad(t, "unknown key, or a value of the wrong kind");
	return 0;
}

static int assignment(struct toml *t, struct regconf *c, enum section section)
{
	struct regconf_registry *r = c->n_registries ? &c->registries[c->n_registries - 1] : NULL;
	const char *key = "";
	struct value v = {.text = ""};

	if (word(t, &key) < 0)
		return -t->err->num;
	skip_blanks(t);
	if (*t->at != '=')
		return bad(t, "expected = behind the key");
	t->at++;
	skip_blanks(t);
	if (value(t, &v) < 0)
		return -t->err->num;
	switch (section) {
	case TOP:
		return set_top(t, c, key, &v);
	case REGISTRY:
		return set_registry(t, r, key, &v);
	case MIRROR:
		return set_mirror(t, &r->mirrors[r->n_mirrors - 1], key, &v);
	case ALIASES:
		if (v.kind != VALUE_TEXT)
			return bad(t, "an alias stands for a text");
		words_add(&c->aliases, key, t->mem);
		words_add(&c->aliases, v.text, t->mem);
		return 0;
	case OTHER:
		return 0;
	}
	return 0;
}

int regconf_parse(const char *text, struct arena *mem, struct regconf *conf, struct err *err)
{
	struct toml t = {text, 1, mem, err};
	enum section section = TOP;

	for (;;) {
		skip_lines(&t);
		if (!*t.at)
			return 0;
		int r = *t.at == '[' ? table(&t, conf, &section) : assignment(&t, conf, section);
		if (r < 0)
			return r;
	}
}

/* ---- files ------------------------------------------------------------------------------------*/

static int read_conf(const char *path, struct arena *mem, struct regconf *c, struct err *err)
{
	auto_(str) struct str text = {0};
	int r = fd_read_file(AT_FDCWD, path, CONF_MAX, &text);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_set(err, r, "read %s", path);
	if (regconf_parse(text.p ? text.p : "", mem, c, err) < 0)
		return err_wrap(err, "%s", path);
	return 0;
}

static int is_conf(const struct dirent *e)
{
	return e->d_name[0] != '.' && str_ends(e->d_name, ".conf");
}

static int read_dir(const char *dir, struct arena *mem, struct regconf *c, struct err *err)
{
	struct dirent **list = NULL;
	int n = scandir(dir, &list, is_conf, alphasort), r = 0;

	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = read_conf(arena_printf(mem, "%s/%s", dir, list[i]->d_name), mem, c,
				      err);
		free(list[i]);
	}
	free(list);
	return r;
}

int regconf_load(struct arena *mem, struct regconf *ret, struct err *err)
{
	const char *given = getenv("CONTAINERS_REGISTRIES_CONF"), *home = getenv("HOME");
	const char *dir = "/etc/containers", *own = NULL;
	struct regconf c = {0};

	if (given && *given) {
		int r = read_conf(given, mem, &c, err);
		*ret = c;
		return r;
	}
	if (geteuid() != 0 && home)
		own = arena_printf(mem, "%s/.config/containers", home);
	if (own && access(arena_printf(mem, "%s/registries.conf", own), F_OK) == 0)
		dir = own;
	int r = read_conf(arena_printf(mem, "%s/registries.conf", dir), mem, &c, err);
	if (r < 0 || (r = read_dir("/etc/containers/registries.conf.d", mem, &c, err)) < 0 ||
	    (own &&
	     (r = read_dir(arena_printf(mem, "%s/registries.conf.d", own), mem, &c, err)) < 0))
		return r;
	*ret = c;
	return 0;
}

/* ---- names and places -------------------------------------------------------------------------*/

static const char *alias_of(const struct regconf *c, const char *path)
{
	for (size_t i = c->aliases.n; i >= 2; i -= 2)
		if (str_eq(c->aliases.v[i - 2], path))
			return c->aliases.v[i - 1];
	return NULL;
}

int regconf_names(const struct regconf *conf, const struct ref *ref, struct arena *mem,
		  struct words *ret, struct err *err)
{
	const char *alias = ref->host ? NULL : alias_of(conf, ref->path);
	struct ref full = *ref;

	if (ref->host || (!alias && !conf->search.n)) {
		full = ref_full(ref, mem);
		words_add(ret, ref_text(&full, mem), mem);
		return 0;
	}
	if (alias) {
		if (ref_parse(alias, mem, &full, err) < 0)
			return err_wrap(err, "the alias of %s", ref->path);
		full.tag = ref->tag;
		full.digest = ref->digest;
		full = ref_full(&full, mem);
		words_add(ret, ref_text(&full, mem), mem);
		return 0;
	}
	if (conf->is_enforcing && conf->search.n > 1) {
		err_say(err, EINVAL, "\"%s\" may be an image of %zu registries", ref->path,
			conf->search.n);
		err_hint(err, "write its host, or an alias into registries.conf");
		return -EINVAL;
	}
	for (size_t i = 0; i < conf->search.n; i++) {
		full = ref_at(ref, conf->search.v[i], mem);
		words_add(ret, ref_text(&full, mem), mem);
	}
	return 0;
}

/* How much of the name a prefix takes; 0: it is another's. "*.example.com" is any host below it. */
static size_t match(const char *prefix, const char *name)
{
	size_t n = strlen(prefix);

	if (str_starts(prefix, "*.")) {
		size_t host = strcspn(name, "/:");
		return host > n - 1 && memcmp(name + host - (n - 1), prefix + 1, n - 1) == 0 ? host
											     : 0;
	}
	bool ends = !name[n] || name[n] == '/' || name[n] == ':' || name[n] == '@';
	return str_starts(name, prefix) && ends ? n : 0;
}

static const struct regconf_registry *longest(const struct regconf *c, const char *name,
					      size_t *ret_len)
{
	const struct regconf_registry *best = NULL;

	for (size_t i = 0; i < c->n_registries; i++) {
		const struct regconf_registry *r = &c->registries[i];
		const char *prefix = r->prefix ? r->prefix : r->location;
		size_t n = prefix ? match(prefix, name) : 0;
		if (n && (!best || n >= *ret_len)) {
			best = r;
			*ret_len = n;
		}
	}
	return best;
}

static struct regconf_place place(const char *location, const char *rest, bool is_insecure,
				  struct arena *mem)
{
	char *whole = arena_printf(mem, "%s%s", location, rest), *slash = strchr(whole, '/');

	if (slash)
		*slash++ = 0;
	return (struct regconf_place){whole, slash ? slash : "", is_insecure};
}

int regconf_places(const struct regconf *conf, const struct ref *ref, struct arena *mem,
		   struct regconf_place **ret, size_t *ret_n, struct err *err)
{
	const char *name = ref_repository(ref, mem);
	size_t len = 0, n = 0;
	const struct regconf_registry *r = longest(conf, name, &len);

	if (r && r->is_blocked)
		return err_say(err, EPERM, "%s is blocked by registries.conf", name);
	struct regconf_place *all = arena_zalloc(mem, 1 + (r ? r->n_mirrors : 0), sizeof(*all));
	for (size_t i = 0; r && i < r->n_mirrors; i++) {
		const struct regconf_mirror *m = &r->mirrors[i];
		bool fits = ref->digest ? m->pull != MIRROR_TAG
					: m->pull != MIRROR_DIGEST && !r->by_digest_only;
		if (m->location && fits)
			all[n++] = place(m->location, name + len, m->is_insecure, mem);
	}
	bool moves = r && r->location && !(r->prefix && str_starts(r->prefix, "*."));
	all[n++] = moves ? place(r->location, name + len, r->is_insecure, mem)
			 : place(name, "", r && r->is_insecure, mem);
	*ret = all;
	*ret_n = n;
	return 0;
}
