/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "net/cni_json.h"

struct splitting {
	struct arena *mem;
	struct json_parts parts;
	size_t room;
	enum json_type wanted;
	unsigned depth;
	struct json_part now; /* the part that is being read, ... */
	struct str json;      /* ... and what of it is there */
	bool wants_comma;
	struct err *err;
};

static bool is_begin(enum json_type type)
{
	return type == JSON_OBJECT || type == JSON_ARRAY;
}

static bool is_end(enum json_type type)
{
	return type == JSON_OBJECT_END || type == JSON_ARRAY_END;
}

static void write_value(struct splitting *s, const struct json_event *e, const char *text)
{
	struct json_out o = {.s = &s->json};

	switch (e->type) {
	case JSON_KEY:
	case JSON_TEXT:
		json_text(&o, NULL, text);
		break;
	case JSON_NUMBER:
		str_add_mem(&s->json, e->p, e->n);
		break;
	case JSON_BOOL:
		json_bool(&o, NULL, e->is_true);
		break;
	case JSON_NULL:
		json_text(&o, NULL, NULL);
		break;
	case JSON_OBJECT:
	case JSON_ARRAY:
		str_add_char(&s->json, e->type == JSON_OBJECT ? '{' : '[');
		break;
	case JSON_OBJECT_END:
	case JSON_ARRAY_END:
		str_add_char(&s->json, e->type == JSON_OBJECT_END ? '}' : ']');
		break;
	}
}

static void write_event(struct splitting *s, const struct json_event *e, const char *text)
{
	if (s->wants_comma && !is_end(e->type))
		str_add_char(&s->json, ',');
	write_value(s, e, text);
	if (e->type == JSON_KEY)
		str_add_char(&s->json, ':');
	s->wants_comma = e->type != JSON_KEY && !is_begin(e->type);
}

static void end_part(struct splitting *s)
{
	if (s->parts.n == s->room) {
		struct json_part *old = s->parts.v;
		s->room = s->room ? 2 * s->room : 8;
		s->parts.v = arena_zalloc(s->mem, s->room, sizeof(*s->parts.v));
		if (s->parts.n)
			memcpy(s->parts.v, old, s->parts.n * sizeof(*old));
	}
	s->now.json = arena_str(s->mem, s->json.p);
	s->parts.v[s->parts.n++] = s->now;
	s->now = (struct json_part){0};
	s->wants_comma = false;
	str_clear(&s->json);
}

static int begin_part(struct splitting *s, const struct json_event *e, const char *text)
{
	if (e->type == JSON_KEY) {
		for (size_t i = 0; i < s->parts.n; i++)
			if (str_eq(s->parts.v[i].key, text))
				return err_say(s->err, EINVAL, "\"%.60s\" is there twice", text);
		s->now.key = text;
		return 0;
	}
	s->now.type = e->type;
	s->now.is_true = e->is_true;
	s->now.text = text;
	write_event(s, e, text);
	if (is_begin(e->type))
		s->depth++;
	else
		end_part(s);
	return 0;
}

static int take_event(void *ctx, const struct json_event *e)
{
	struct splitting *s = ctx;
	const char *text = NULL;

	if (e->type == JSON_KEY || e->type == JSON_TEXT || e->type == JSON_NUMBER) {
		if (e->n && memchr(e->p, 0, e->n))
			return err_say(s->err, EINVAL, "a text has a NUL");
		text = arena_copy(s->mem, e->n ? e->p : "", e->n);
	}
	if (s->depth == 0) {
		if (e->type != s->wanted)
			return err_say(s->err, EINVAL, "expected an %s",
				       s->wanted == JSON_OBJECT ? "object" : "array");
		s->depth++;
		return 0;
	}
	if (is_end(e->type) && --s->depth == 0)
		return 0;
	if (s->depth == 1 && !is_end(e->type))
		return begin_part(s, e, text);
	write_event(s, e, text);
	if (is_begin(e->type))
		s->depth++;
	if (s->depth == 1)
		end_part(s);
	return 0;
}

int json_split(const char *json, enum json_type type, struct arena *mem, struct json_parts *ret,
	       struct err *err)
{
	struct splitting s = {.mem = mem, .wanted = type, .err = err};
	int r = json_parse(json, strlen(json), take_event, &s, err);

	str_clear(&s.json);
	if (r == 0)
		*ret = s.parts;
	return r;
}

const struct json_part *json_find(const struct json_parts *p, const char *key, enum json_type type)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].type == type && str_eq(p->v[i].key, key))
			return &p->v[i];
	return NULL;
}

const char *json_find_text(const struct json_parts *p, const char *key)
{
	const struct json_part *part = json_find(p, key, JSON_TEXT);

	return part ? part->text : NULL;
}
