/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/base/json.h"
#include "runtime/base/str.h"
#include "runtime/config/decode.h"

enum { LEVELS_MAX = 32 };

/* An object that is being filled, or a list (of an array, or of a map's entries) that grows. */
struct level {
	const struct table *table; /* of an object; NULL: a list */
	const struct field *
		field; /* the object's member whose value comes next (NULL: unknown), or the list's */
	char *at;      /* the object, or the first element */
	uint64_t seen;   /* an object's fields, by index: the key was there */
	uint64_t filled; /* and its value was not null */
	const char *key; /* a map's entry */
	size_t n, room;  /* elements of a list */
};

struct decoder {
	struct arena *arena;
	struct err *err;
	const struct table *top;
	void *ret;
	char *strings;   /* room for what is left of all strings: none is longer than its text */
	size_t elements; /* of all lists */
	size_t skip;     /* depth inside an unknown key's value */
	size_t depth;
	struct level levels[LEVELS_MAX];
};

static struct level *level(struct decoder *d)
{
	return &d->levels[d->depth - 1];
}

/* Text of the input for a message: short, printable, and on one line. */
static void put_quoted(struct str *s, const char *p, size_t n)
{
	size_t max = n > 60 ? 57 : n;

	str_add_char(s, '"');
	for (size_t i = 0; i < max; i++)
		str_add_char(s, (unsigned char)p[i] < ' ' || p[i] == 0x7f ? '?' : p[i]);
	str_add(s, max < n ? "...\"" : "\"");
}

static void put_path(const struct decoder *d, struct str *s)
{
	for (size_t i = 0; i < d->depth; i++) {
		const struct level *l = &d->levels[i];
		if (l->table && l->field)
			str_addf(s, "%s%s", s->len ? "." : "", l->field->name);
		else if (!l->table && l->field->shape == FIELD_LIST)
			str_addf(s, "[%zu]", l->n - 1);
		else if (!l->table && l->key) {
			str_add_char(s, '[');
			put_quoted(s, l->key, strlen(l->key));
			str_add_char(s, ']');
		}
	}
}

/* "PATH: WHAT". */
static int fail(struct decoder *d, const char *what)
{
	auto_(str) struct str path = {0};

	put_path(d, &path);
	return err_say(d->err, EINVAL, "%s%s%s", path.len ? path.p : "", path.len ? ": " : "",
		       what);
}

static void put_found(struct str *s, const struct json_event *e)
{
	switch (e->type) {
	case JSON_NULL:
		str_add(s, "null");
		break;
	case JSON_BOOL:
		str_add(s, e->is_true ? "true" : "false");
		break;
	case JSON_NUMBER:
		str_addf(s, "%.*s", (int)(e->n < 40 ? e->n : 40), e->p);
		break;
	case JSON_TEXT:
	case JSON_KEY:
		put_quoted(s, e->p, e->n);
		break;
	case JSON_OBJECT:
	case JSON_OBJECT_END:
		str_add(s, "an object");
		break;
	case JSON_ARRAY:
	case JSON_ARRAY_END:
		str_add(s, "an array");
		break;
	}
}

static void put_expected(struct str *s, const struct field *f)
{
	switch ((enum field_kind)f->kind) {
	case FIELD_BOOL:
		str_add(s, "true or false");
		break;
	case FIELD_INT:
		str_addf(s, "an integer from %lld to %lld", (long long)f->min, (long long)f->max);
		break;
	case FIELD_UINT:
		str_addf(s, "an integer from %lld to %llu", (long long)f->min,
			 (unsigned long long)f->max);
		break;
	case FIELD_TEXT:
		str_add(s, "a string");
		break;
	case FIELD_ENUM:
		str_add(s, "one of");
		for (size_t i = 1; i < f->n_words; i++)
			str_addf(s, "%s %s", i > 1 ? "," : "", f->words[i]);
		break;
	case FIELD_OBJECT:
		str_add(s, "an object");
		break;
	}
}

static int mismatch(struct decoder *d, const char *expected, const struct json_event *e)
{
	auto_(str) struct str s = {0};

	str_addf(&s, "expected %s, found ", expected);
	put_found(&s, e);
	return fail(d, s.p);
}

static int mismatch_field(struct decoder *d, const struct field *f, const struct json_event *e)
{
	auto_(str) struct str s = {0};

	put_expected(&s, f);
	return mismatch(d, s.p, e);
}

static int push(struct decoder *d, struct level l)
{
	if (d->depth == LEVELS_MAX)
		return fail(d, "nested too deep");
	d->levels[d->depth++] = l;
	return 0;
}

/* The text, kept; NULL and err set when it holds a NUL. */
static const char *keep_text(struct decoder *d, const struct json_event *e)
{
	char *s = d->strings;

	if (memchr(e->p, 0, e->n)) {
		fail(d, "expected a string without NUL characters");
		return NULL;
	}
	memcpy(s, e->p, e->n);
	s[e->n] = 0;
	d->strings += e->n + 1;
	return s;
}

/* Room for one more element of a list; NULL and err set when there are too many. */
static char *add_element(struct decoder *d, struct level *l)
{
	size_t size = l->field->size;

	if (++d->elements > DECODE_ELEMENTS_MAX) {
		err_say(d->err, EFBIG, "more than %d list elements", DECODE_ELEMENTS_MAX);
		return NULL;
	}
	if (l->n == l->room) {
		/* What the list leaves behind stays in the arena: at most as much again. */
		size_t room = l->room ? 2 * l->room : 4;
		char *at = arena_zalloc(d->arena, room, size);
		if (l->n)
			memcpy(at, l->at, l->n * size);
		l->at = at;
		l->room = room;
	}
	return l->at + l->n++ * size;
}

/* The number's value as two's complement; -1: no integer, or out of the field's range. */
static int integer(const struct field *f, const struct json_event *e, uint64_t *ret)
{
	bool negative = e->p[0] == '-';
	uint64_t v = 0;

	for (size_t i = negative; i < e->n; i++) {
		unsigned digit = (unsigned)(e->p[i] - '0');
		if (digit > 9 || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, digit, &v))
			return -1;
	}
	if (negative && v) {
		if (v - 1 > (uint64_t)INT64_MAX || (int64_t)-v < f->min)
			return -1;
		v = -v;
	} else if (v > f->max || (f->min > 0 && v < (uint64_t)f->min)) {
		return -1;
	}
	*ret = v;
	return 0;
}

static int store_integer(struct decoder *d, const struct field *f, void *at,
			 const struct json_event *e)
{
	uint64_t v;

	if (e->type != JSON_NUMBER || integer(f, e, &v) < 0)
		return mismatch_field(d, f, e);
	if (f->size == sizeof(uint64_t))
		*(uint64_t *)at = v;
	else if (f->size == sizeof(uint32_t))
		*(uint32_t *)at = (uint32_t)v;
	else
		*(uint16_t *)at = (uint16_t)v;
	return 0;
}

static int store_enum(struct decoder *d, const struct field *f, void *at,
		      const struct json_event *e)
{
	for (unsigned i = 1; e->type == JSON_TEXT && i < f->n_words; i++)
		if (strlen(f->words[i]) == e->n && memcmp(f->words[i], e->p, e->n) == 0) {
			*(unsigned *)at = i;
			return 0;
		}
	return mismatch_field(d, f, e);
}

static int store_text(struct decoder *d, void *at, const struct json_event *e)
{
	if (e->type != JSON_TEXT)
		return mismatch(d, "a string", e);
	const char *s = keep_text(d, e);
	if (!s)
		return -EINVAL;
	*(const char **)at = s;
	return 0;
}

/* One value of the field's kind, to `at`; an object's members follow as events. */
static int store(struct decoder *d, const struct field *f, void *at, const struct json_event *e)
{
	switch ((enum field_kind)f->kind) {
	case FIELD_BOOL:
		if (e->type != JSON_BOOL)
			return mismatch_field(d, f, e);
		*(bool *)at = e->is_true;
		return 0;
	case FIELD_INT:
	case FIELD_UINT:
		return store_integer(d, f, at, e);
	case FIELD_TEXT:
		return store_text(d, at, e);
	case FIELD_ENUM:
		return store_enum(d, f, at, e);
	case FIELD_OBJECT:
		if (e->type != JSON_OBJECT)
			return mismatch_field(d, f, e);
		return push(d, (struct level){.table = f->table, .at = at});
	}
	return -EINVAL;
}

static int member_value(struct decoder *d, struct level *l, const struct json_event *e)
{
	const struct field *f = l->field;

	if (!f) {
		d->skip = e->type == JSON_OBJECT || e->type == JSON_ARRAY;
		return 0;
	}
	if (e->type == JSON_NULL)
		return 0;
	l->filled |= UINT64_C(1) << (f - l->table->fields);
	if (f->shape == FIELD_LIST && e->type != JSON_ARRAY)
		return mismatch(d, "an array", e);
	if (f->shape == FIELD_MAP && e->type != JSON_OBJECT)
		return mismatch(d, "an object", e);
	if (f->shape != FIELD_ONE)
		return push(d, (struct level){.field = f});
	char *at = l->at + f->offset;
	if (f->kind == FIELD_OBJECT && e->type == JSON_OBJECT) {
		at = arena_zalloc(d->arena, 1, f->table->size);
		*(void **)(l->at + f->offset) = at;
	}
	if (f->has)
		*(bool *)(l->at + f->has) = true;
	return store(d, f, at, e);
}

static int element_value(struct decoder *d, struct level *l, const struct json_event *e)
{
	bool is_map = l->field->shape == FIELD_MAP;

	if (is_map && e->type == JSON_NULL)
		return 0;
	char *at = add_element(d, l);
	if (!at)
		return -EFBIG;
	if (is_map)
		*(const char **)at = l->key;
	/* A struct holds its own key; a text stands behind it. */
	return store(d, l->field, is_map && l->field->kind == FIELD_TEXT ? at + sizeof(char *) : at,
		     e);
}

static int on_value(struct decoder *d, const struct json_event *e)
{
	if (d->depth)
		return level(d)->table ? member_value(d, level(d), e)
				       : element_value(d, level(d), e);
	if (e->type != JSON_OBJECT)
		return mismatch(d, "an object", e);
	d->ret = arena_zalloc(d->arena, 1, d->top->size);
	return push(d, (struct level){.table = d->top, .at = d->ret});
}

/* The field of that name. Keys mostly come in the tables' order, so the search begins behind the
 * last one found. */
static const struct field *find(const struct level *l, const struct json_event *e)
{
	const struct table *t = l->table;
	size_t at = l->field ? (size_t)(l->field - t->fields) + 1 : 0;

	for (size_t i = 0; i < t->n_fields; i++, at++) {
		if (at >= t->n_fields)
			at = 0;
		const struct field *f = &t->fields[at];
		if (f->name_len == e->n && memcmp(f->name, e->p, e->n) == 0)
			return f;
	}
	return NULL;
}

static int on_key(struct decoder *d, const struct json_event *e)
{
	struct level *l = level(d);

	if (!l->table) {
		l->key = NULL;
		l->key = keep_text(d, e);
		return l->key ? 0 : -EINVAL;
	}
	l->field = find(l, e);
	if (!l->field)
		return 0;
	uint64_t bit = UINT64_C(1) << (l->field - l->table->fields);
	if (l->seen & bit)
		return fail(d, "expected once, found twice");
	l->seen |= bit;
	return 0;
}

static int end_object(struct decoder *d, struct level *l)
{
	for (size_t i = 0; i < l->table->n_fields; i++) {
		if (!l->table->fields[i].required || l->filled >> i & 1)
			continue;
		l->field = &l->table->fields[i];
		return fail(d, "required, but missing");
	}
	d->depth--;
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Fails when a map has a key twice. The entries stay in their order: the keys are sorted apart. */
static int check_keys(struct decoder *d, struct level *l)
{
	auto_free const char **keys = mem_zalloc(l->n, sizeof(*keys));

	for (size_t i = 0; i < l->n; i++)
		keys[i] = *(const char **)(l->at + i * l->field->size);
	qsort(keys, l->n, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < l->n; i++) {
		if (!str_eq(keys[i - 1], keys[i]))
			continue;
		l->key = keys[i];
		return fail(d, "expected once, found twice");
	}
	return 0;
}

static int end_list(struct decoder *d, struct level *l)
{
	const struct level *owner = l - 1;

	if (l->field->shape == FIELD_MAP && l->n > 1 && check_keys(d, l) < 0)
		return -EINVAL;
	if (!l->at)
		l->at = arena_zalloc(d->arena, 1, l->field->size); /* empty is not absent */
	*(void **)(owner->at + l->field->offset) = l->at;
	*(size_t *)(owner->at + l->field->count) = l->n;
	d->depth--;
	return 0;
}

static int on_event(void *ctx, const struct json_event *e)
{
	struct decoder *d = ctx;

	switch (e->type) {
	case JSON_OBJECT_END:
	case JSON_ARRAY_END:
		if (d->skip) {
			d->skip--;
			return 0;
		}
		return level(d)->table ? end_object(d, level(d)) : end_list(d, level(d));
	case JSON_KEY:
		return d->skip ? 0 : on_key(d, e);
	case JSON_OBJECT:
	case JSON_ARRAY:
		if (!d->skip)
			return on_value(d, e);
		d->skip++;
		return 0;
	case JSON_NULL:
	case JSON_BOOL:
	case JSON_NUMBER:
	case JSON_TEXT:
		return d->skip ? 0 : on_value(d, e);
	}
	return 0;
}

int decode_object(const struct table *table, const char *text, size_t len, struct arena *arena,
		  void **ret, struct err *err)
{
	struct decoder d = {.arena = arena, .err = err, .top = table};

	if (len > JSON_SIZE_MAX)
		return err_say(err, EFBIG, "more than %d MiB of JSON", JSON_SIZE_MAX >> 20);
	/* "x" takes three bytes of JSON and two here, so all strings fit. */
	d.strings = arena_zalloc(arena, len + 1, 1);
	int r = json_parse(text, len, on_event, &d, err);
	if (r < 0)
		return r;
	*ret = d.ret;
	return 0;
}

int config_decode(const char *text, size_t len, struct arena *arena, struct config **ret,
		  struct err *err)
{
	void *config = NULL;
	int r = decode_object(&config_table, text, len, arena, &config, err);

	if (r == 0)
		*ret = config;
	return r;
}
