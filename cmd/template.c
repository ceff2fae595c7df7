/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>

#include "cmd/template.h"
#include "runtime/base/json.h"
#include "runtime/base/mem.h"

enum { PATH_DEPTH = 16 };

/* ---- one value of a document ------------------------------------------------------------------*/

struct pick {
	const char *part[PATH_DEPTH]; /* of the path, not terminated */
	size_t len[PATH_DEPTH];
	size_t n;
	size_t depth;   /* objects and arrays that are open */
	size_t matched; /* of them, those on the path */
	bool is_next;   /* the key before this value was the right one */
	bool is_found, is_json;
	size_t copying; /* open ones within the value that is copied; 0: none */
	char key[256];  /* of the member that is copied next */
	bool has_key;
	struct json_out out;
};

static void copy_scalar(struct pick *p, const struct json_event *e, const char *key)
{
	auto_free char *text = mem_copy(e->p ? e->p : "", e->n);

	if (e->type == JSON_BOOL)
		json_bool(&p->out, key, e->is_true);
	else if (e->type != JSON_NUMBER)
		json_text(&p->out, key, e->type == JSON_TEXT ? text : NULL);
	else if (strpbrk(text, ".eE"))
		json_real(&p->out, key, strtod(text, NULL));
	else if (*text == '-')
		json_int(&p->out, key, strtoll(text, NULL, 10));
	else
		json_uint(&p->out, key, strtoull(text, NULL, 10));
}

static void copy(struct pick *p, const struct json_event *e)
{
	const char *key = p->has_key ? p->key : NULL;

	if (e->type == JSON_KEY) {
		size_t n = e->n < sizeof(p->key) - 1 ? e->n : sizeof(p->key) - 1;
		memcpy(p->key, e->p, n);
		p->key[n] = 0;
		p->has_key = true;
		return;
	}
	p->has_key = false;
	if (e->type == JSON_OBJECT || e->type == JSON_ARRAY) {
		json_open(&p->out, key, e->type == JSON_OBJECT ? '{' : '[');
		p->copying++;
	} else if (e->type == JSON_OBJECT_END || e->type == JSON_ARRAY_END) {
		json_close(&p->out, e->type == JSON_OBJECT_END ? '}' : ']');
		p->copying--;
	} else {
		copy_scalar(p, e, key);
	}
}

static void take_value(struct pick *p, const struct json_event *e)
{
	p->is_found = true;
	if (e->type == JSON_TEXT && !p->is_json)
		str_add_mem(p->out.s, e->p, e->n);
	else
		copy(p, e);
}

static int each(void *ctx, const struct json_event *e)
{
	struct pick *p = ctx;
	bool opens = e->type == JSON_OBJECT || e->type == JSON_ARRAY;
	bool closes = e->type == JSON_OBJECT_END || e->type == JSON_ARRAY_END;
	bool was_next = p->is_next;

	p->is_next = false;
	if (p->copying) {
		copy(p, e);
	} else if (e->type == JSON_KEY) {
		size_t at = p->depth - 1;
		p->is_next = !p->is_found && p->matched == at && at < p->n && e->n == p->len[at] &&
			     memcmp(e->p, p->part[at], e->n) == 0;
	} else if (was_next && p->depth == p->n) {
		take_value(p, e);
	} else if (was_next && e->type == JSON_OBJECT) {
		p->matched = p->depth;
	}
	p->depth += opens;
	p->depth -= closes;
	if (closes && p->matched >= p->depth && p->depth)
		p->matched = p->depth - 1;
	return 0;
}

int template_pick(const char *json, const char *path, bool is_json, struct str *ret,
		  struct err *err)
{
	struct pick p = {.is_json = is_json, .out = {.s = ret}};

	for (const char *at = path; *at; p.n++) {
		if (p.n == PATH_DEPTH)
			return err_say(err, EINVAL, "--format: .%.60s is too deep", path);
		p.part[p.n] = at;
		p.len[p.n] = strcspn(at, ".");
		at += p.len[p.n] + (at[p.len[p.n]] == '.');
	}
	if (!p.n) {
		str_add(ret, json);
		return 0;
	}
	int r = json_parse(json, strlen(json), each, &p, err);
	if (r == 0 && !p.is_found)
		str_add(ret, is_json ? "null" : "<no value>");
	return r;
}

/* ---- templates --------------------------------------------------------------------------------*/

/* What is done with the text between actions and with each action. */
struct filler {
	const char *json; /* NULL: the header is made */
	struct str *out;
	struct err *err;
};

static int fill_action(const struct filler *f, const char *text, size_t n)
{
	char action[256];
	bool is_json;

	while (n && isspace((unsigned char)*text))
		text++, n--;
	while (n && isspace((unsigned char)text[n - 1]))
		n--;
	if (n >= sizeof(action))
		return err_say(f->err, EINVAL, "--format: an action is too long");
	memcpy(action, text, n);
	action[n] = 0;
	is_json = str_starts(action, "json ");
	const char *at = action + (is_json ? 5 : 0);
	at += strspn(at, " ");
	if (*at != '.' || strpbrk(at, " |()\"$"))
		return err_say(
			f->err, EINVAL,
			"--format: {{%.60s}}: only {{.Field}} and {{json .Field}} are supported",
			action);
	if (f->json)
		return template_pick(f->json, at + 1, is_json, f->out, f->err);
	for (const char *c = at + 1; *c; c++)
		str_add_char(f->out, (char)toupper((unsigned char)*c));
	return 0;
}

static int run(const struct filler *f, const char *format)
{
	for (const char *at = format; *at;) {
		if (str_starts(at, "{{")) {
			const char *end = strstr(at, "}}");
			if (!end)
				return err_say(f->err, EINVAL, "--format: {{ without }}");
			if (fill_action(f, at + 2, (size_t)(end - at - 2)) < 0)
				return -f->err->num;
			at = end + 2;
		} else if (str_starts(at, "\\t") || str_starts(at, "\\n")) {
			str_add_char(f->out, at[1] == 't' ? '\t' : '\n');
			at += 2;
		} else {
			str_add_char(f->out, *at++);
		}
	}
	return 0;
}

int template_fill(const char *format, const char *json, struct str *ret, struct err *err)
{
	const struct filler f = {json, ret, err};

	return run(&f, format);
}

int template_header(const char *format, struct str *ret, struct err *err)
{
	const struct filler f = {NULL, ret, err};

	return run(&f, format);
}
