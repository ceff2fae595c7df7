/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>

#include "runtime/config/encode.h"

static uint64_t load_uint(const struct field *f, const void *at)
{
	if (f->size == sizeof(uint64_t))
		return *(const uint64_t *)at;
	if (f->size == sizeof(uint32_t))
		return *(const uint32_t *)at;
	return *(const uint16_t *)at;
}

static int64_t load_int(const struct field *f, const void *at)
{
	return f->size == sizeof(int64_t) ? *(const int64_t *)at : *(const int32_t *)at;
}

/* `at` is where the value stands; an object itself, not a pointer to it. */
static void put_value(const struct field *f, const void *at, struct json_out *o, const char *key)
{
	switch ((enum field_kind)f->kind) {
	case FIELD_BOOL:
		json_bool(o, key, *(const bool *)at);
		break;
	case FIELD_INT:
		json_int(o, key, load_int(f, at));
		break;
	case FIELD_UINT:
		json_uint(o, key, load_uint(f, at));
		break;
	case FIELD_TEXT:
		json_text(o, key, *(const char *const *)at);
		break;
	case FIELD_ENUM:
		json_text(o, key, f->words[*(const unsigned *)at]);
		break;
	case FIELD_OBJECT:
		encode_object(f->table, at, o, key);
		break;
	}
}

static void put_list(const struct field *f, const char *at, size_t n, struct json_out *o)
{
	bool is_map = f->shape == FIELD_MAP;

	json_open(o, f->name, is_map ? '{' : '[');
	for (size_t i = 0; i < n; i++, at += f->size) {
		const char *key = is_map ? *(const char *const *)at : NULL;
		put_value(f, is_map && f->kind == FIELD_TEXT ? at + sizeof(char *) : at, o, key);
	}
	json_close(o, is_map ? '}' : ']');
}

static void put_member(const struct field *f, const char *object, struct json_out *o)
{
	const char *at = object + f->offset;

	if (f->shape != FIELD_ONE) {
		const char *list = *(const char *const *)at;
		if (list)
			put_list(f, list, *(const size_t *)(object + f->count), o);
	} else if (f->has) {
		/* A struct that was put together by hand need not mark what must be there. */
		if (f->required || *(const bool *)(object + f->has))
			put_value(f, at, o, f->name);
	} else if (f->kind == FIELD_ENUM) {
		if (*(const unsigned *)at)
			put_value(f, at, o, f->name);
	} else if (*(const void *const *)at) {
		put_value(f, f->kind == FIELD_OBJECT ? *(const void *const *)at : at, o, f->name);
	}
}

void encode_object(const struct table *table, const void *object, struct json_out *o,
		   const char *key)
{
	json_open(o, key, '{');
	for (size_t i = 0; i < table->n_fields; i++)
		put_member(&table->fields[i], object, o);
	json_close(o, '}');
}

void config_encode(const struct config *config, const char *indent, struct str *ret)
{
	struct json_out o = {.s = ret, .indent = indent};

	encode_object(&config_table, config, &o, NULL);
}
