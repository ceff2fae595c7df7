/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "image/policy.h"
#include "runtime/base/fd.h"
#include "runtime/base/json.h"

enum { POLICY_MAX = 1 << 20 };

/* ---- the file ---------------------------------------------------------------------------------*/

enum where { IN_NOTHING, IN_TOP, IN_TRANSPORTS, IN_SCOPES, IN_RULES, IN_RULE };

struct reader {
	struct policy *p;
	struct arena *mem;
	struct err *err;
	enum where where, back;      /* back: to where the list of rules ends */
	unsigned nested;             /* so deep in a value that is not looked at */
	const char *key, *transport; /* the last ones */
	bool has_default, has_transports;
	struct policy_scope *current; /* gets the rules */
	const char *type;             /* of the rule */
	bool has_more;                /* the rule has other members, too */
};

static int bad(struct reader *r, const char *what)
{
	const struct policy_scope *s = r->current;

	if (r->where >= IN_RULES && s->transport)
		return err_say(r->err, EINVAL, "transports.%s.\"%s\": %s", s->transport, s->scope,
			       what);
	if (r->where >= IN_RULES)
		return err_say(r->err, EINVAL, "default: %s", what);
	return err_say(r->err, EINVAL, "%s%s%s", r->key ? r->key : "", r->key ? ": " : "", what);
}

static void begin_rules(struct reader *r, struct policy_scope *scope)
{
	r->current = scope;
	r->back = r->where;
	r->where = IN_RULES;
}

static int in_nothing(struct reader *r, const struct json_event *e)
{
	if (e->type != JSON_OBJECT)
		return bad(r, "expected an object");
	r->where = IN_TOP;
	return 0;
}

static int in_top(struct reader *r, const struct json_event *e)
{
	if (e->type == JSON_OBJECT_END)
		return r->has_default
			       ? 0
			       : err_say(r->err, EINVAL, "it has no \"default\", which it must");
	if (e->type == JSON_KEY) {
		bool *seen = str_eq(r->key, "default")      ? &r->has_default
			     : str_eq(r->key, "transports") ? &r->has_transports
							    : NULL;
		if (!seen)
			return bad(r, "unknown key");
		if (*seen)
			return bad(r, "stands there twice");
		*seen = true;
	} else if (e->type == JSON_ARRAY && str_eq(r->key, "default")) {
		begin_rules(r, &r->p->fallback);
	} else if (e->type == JSON_OBJECT && str_eq(r->key, "transports")) {
		r->where = IN_TRANSPORTS;
	} else {
		return bad(r, "expected a list of requirements, or an object of transports");
	}
	return 0;
}

static int in_transports(struct reader *r, const struct json_event *e)
{
	if (e->type == JSON_OBJECT_END) {
		r->where = IN_TOP;
	} else if (e->type == JSON_KEY) {
		r->transport = r->key;
	} else if (e->type == JSON_OBJECT) {
		r->where = IN_SCOPES;
	} else {
		return bad(r, "expected an object of scopes");
	}
	return 0;
}

static int in_scopes(struct reader *r, const struct json_event *e)
{
	struct policy *p = r->p;

	if (e->type == JSON_OBJECT_END) {
		r->where = IN_TRANSPORTS;
		return 0;
	}
	if (e->type == JSON_KEY) {
		for (size_t i = 0; i < p->n_scopes; i++)
			if (str_eq(p->scopes[i].transport, r->transport) &&
			    str_eq(p->scopes[i].scope, r->key))
				return bad(r, "stands there twice");
		return 0;
	}
	if (e->type != JSON_ARRAY)
		return bad(r, "expected a list of requirements");
	struct policy_scope *all = arena_zalloc(r->mem, p->n_scopes + 1, sizeof(*all));
	if (p->n_scopes)
		memcpy(all, p->scopes, p->n_scopes * sizeof(*all));
	p->scopes = all;
	all[p->n_scopes] = (struct policy_scope){.transport = r->transport, .scope = r->key};
	begin_rules(r, &all[p->n_scopes++]);
	return 0;
}

static int in_rules(struct reader *r, const struct json_event *e)
{
	if (e->type == JSON_ARRAY_END) {
		if (!r->current->n_rules)
			return bad(r, "an empty list of requirements");
		r->where = r->back;
	} else if (e->type == JSON_OBJECT) {
		r->type = NULL;
		r->has_more = false;
		r->where = IN_RULE;
	} else {
		return bad(r, "expected an object");
	}
	return 0;
}

static int end_rule(struct reader *r)
{
	static const struct policy_rule rows[] = {
		{POLICY_ACCEPT, "insecureAcceptAnything"},
		{POLICY_REJECT, "reject"},
		{POLICY_SIGNED, "signedBy"},
		{POLICY_SIGNED, "sigstoreSigned"},
		{POLICY_SIGNED, "signedBaseLayer"},
	};
	struct policy_scope *s = r->current;

	for (size_t i = 0; r->type && i < sizeof(rows) / sizeof(*rows); i++) {
		if (!str_eq(r->type, rows[i].type))
			continue;
		if (r->has_more && rows[i].kind != POLICY_SIGNED)
			return bad(r, "a requirement of this type has no other members");
		struct policy_rule *all = arena_zalloc(r->mem, s->n_rules + 1, sizeof(*all));
		if (s->n_rules)
			memcpy(all, s->rules, s->n_rules * sizeof(*all));
		all[s->n_rules++] = rows[i];
		s->rules = all;
		r->where = IN_RULES;
		return 0;
	}
	return bad(r, r->type ? "a requirement of unknown type" : "a requirement without a type");
}

static int in_rule(struct reader *r, const struct json_event *e)
{
	if (e->type == JSON_OBJECT_END)
		return end_rule(r);
	if (e->type == JSON_KEY)
		return 0;
	if (!str_eq(r->key, "type")) {
		r->has_more = true;
		r->nested = e->type == JSON_OBJECT || e->type == JSON_ARRAY;
		return 0;
	}
	if (e->type != JSON_TEXT || r->type)
		return bad(r, "expected one type, a text");
	r->type = arena_copy(r->mem, e->p, e->n);
	return 0;
}

static int take(void *ctx, const struct json_event *e)
{
	static int (*const in[])(struct reader *, const struct json_event *) = {
		[IN_NOTHING] = in_nothing, [IN_TOP] = in_top,     [IN_TRANSPORTS] = in_transports,
		[IN_SCOPES] = in_scopes,   [IN_RULES] = in_rules, [IN_RULE] = in_rule,
	};
	struct reader *r = ctx;

	if (r->nested) {
		r->nested += e->type == JSON_OBJECT || e->type == JSON_ARRAY;
		r->nested -= e->type == JSON_OBJECT_END || e->type == JSON_ARRAY_END;
		return 0;
	}
	if (e->type == JSON_KEY) {
		if (memchr(e->p, 0, e->n))
			return bad(r, "a key with a NUL byte");
		r->key = arena_copy(r->mem, e->p, e->n);
	}
	return in[r->where](r, e);
}

int policy_parse(const char *text, size_t len, struct arena *mem, struct policy *ret,
		 struct err *err)
{
	struct policy p = {0};
	struct reader reader = {.p = &p, .mem = mem, .err = err};
	int r = json_parse(text, len, take, &reader, err);

	if (r == 0)
		*ret = p;
	return r;
}

int policy_load(const char *given, struct arena *mem, struct policy *ret, struct err *err)
{
	const char *home = getenv("HOME");
	auto_(str) struct str text = {0};
	struct policy p = {0};
	int r = -ENOENT;

	p.file = given;
	if (!given && home && *home) {
		p.file = arena_printf(mem, "%s/.config/containers/policy.json", home);
		r = fd_read_file(AT_FDCWD, p.file, POLICY_MAX, &text);
	}
	if (!given && r == -ENOENT)
		p.file = "/etc/containers/policy.json";
	if (r == -ENOENT)
		r = fd_read_file(AT_FDCWD, p.file, POLICY_MAX, &text);
	if (r == -ENOENT && !given) {
		*ret = (struct policy){0};
		return 0;
	}
	if (r < 0)
		return err_set(err, r, "read %s", p.file);
	const char *file = p.file;
	r = policy_parse(text.p ? text.p : "", text.len, mem, &p, err);
	if (r < 0)
		return err_wrap(err, "%s", file);
	*ret = p;
	ret->file = file;
	return 0;
}

/* ---- asking -----------------------------------------------------------------------------------*/

/* "a/b/c", "a/b", "a". */
static void add_parents(const char *name, struct arena *mem, struct words *scopes)
{
	size_t n = strlen(name);

	while (n) {
		words_add(scopes, arena_copy(mem, name, n), mem);
		while (n && name[n - 1] != '/')
			n--;
		n -= n > 0;
	}
}

struct policy_subject policy_of_ref(const struct ref *ref, struct arena *mem)
{
	struct policy_subject s = {.transport = "docker", .name = ref_text(ref, mem)};
	const char *domain = arena_copy(mem, ref->host, strcspn(ref->host, ":"));

	words_add(&s.scopes, s.name, mem);
	add_parents(ref_repository(ref, mem), mem, &s.scopes);
	while ((domain = strchr(domain, '.'))) {
		words_add(&s.scopes, arena_printf(mem, "*%s", domain), mem);
		domain++;
	}
	return s;
}

struct policy_subject policy_of_archive(const char *transport, const char *path)
{
	return (struct policy_subject){transport, path ? path : "what is on standard input", {0}};
}

const char *policy_path(int fd, struct arena *mem)
{
	char link[40], path[PATH_MAX];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path));
	return n > 0 && (size_t)n < sizeof(path) && *path == '/' ? arena_copy(mem, path, (size_t)n)
								 : NULL;
}

struct policy_subject policy_of_file(const char *transport, const char *path, const char *name,
				     struct arena *mem)
{
	struct policy_subject s = policy_of_archive(transport, path);

	if (path && name)
		words_add(&s.scopes, arena_printf(mem, "%s:%s", path, name), mem);
	if (path)
		add_parents(path, mem, &s.scopes);
	return s;
}

/* The first scope that there are rules for. */
static const struct policy_scope *find(const struct policy *p, const struct policy_subject *s)
{
	for (size_t i = 0; i <= s->scopes.n; i++) {
		const char *scope = i < s->scopes.n ? s->scopes.v[i] : "";
		for (size_t k = 0; k < p->n_scopes; k++)
			if (str_eq(p->scopes[k].transport, s->transport) &&
			    str_eq(p->scopes[k].scope, scope))
				return &p->scopes[k];
	}
	return &p->fallback;
}

int policy_check(const struct policy *p, const struct policy_subject *s, struct err *err)
{
	const struct policy_scope *scope = p->file ? find(p, s) : NULL;

	for (size_t i = 0; scope && i < scope->n_rules; i++) {
		const struct policy_rule *rule = &scope->rules[i];
		const char *of = scope->transport ? scope->transport : "default",
			   *dot = scope->scope && *scope->scope ? ":" : "";
		if (rule->kind == POLICY_ACCEPT)
			continue;
		if (rule->kind == POLICY_REJECT) {
			err_say(err, EPERM, "%s is rejected by %s (%s%s%s)", s->name, p->file, of,
				dot, *dot ? scope->scope : "");
			err_hint(err, "see containers-policy.json(5)");
			return -EPERM;
		}
		err_say(err, ENOTSUP,
			"%s wants a signature of %s (%s, by %s%s%s), and ctr verifies none",
			p->file, s->name, rule->type, of, dot, *dot ? scope->scope : "");
		err_hint(err, "let skopeo copy verify it into an OCI layout, and ctr load -i that");
		return -ENOTSUP;
	}
	return 0;
}
