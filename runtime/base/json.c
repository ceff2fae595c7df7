/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "runtime/base/json.h"
#include "runtime/base/mem.h"

/* Bytes of the well-formed UTF-8 character at p, of which n >= 1 bytes are there; 0: none is.
 * The Unicode standard, table 3-7. */
static size_t utf8_len(const unsigned char *p, size_t n)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] == 0xe0)
		low = 0xa0; /* overlong */
	else if (p[0] == 0xed)
		high = 0x9f; /* surrogates */
	else if (p[0] == 0xf0)
		low = 0x90; /* overlong */
	else if (p[0] == 0xf4)
		high = 0x8f; /* above U+10FFFF */
	if (n < len || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return len;
}

/* The code unit of \uXXXX at p, or -1: not one. */
static int unit(const char *p, size_t n)
{
	int r = 0;

	if (n < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (size_t i = 2; i < 6; i++) {
		int c = p[i] | 0x20;
		int digit = p[i] >= '0' && p[i] <= '9' ? p[i] - '0'
			    : c >= 'a' && c <= 'f'     ? c - 'a' + 10
						       : -1;
		if (digit < 0)
			return -1;
		r = r << 4 | digit;
	}
	return r;
}

/* Bytes of the escape at p (a backslash): 2 at least; 0: half a surrogate pair. Whether it is an
 * escape at all is left to the parser. */
static size_t escape_len(const char *p, size_t n)
{
	int first = unit(p, n);

	if (first < 0)
		return n < 2 ? n : 2;
	if (first < 0xd800 || first > 0xdfff)
		return 6;
	int second = unit(p + 6, n - 6);
	return first < 0xdc00 && second >= 0xdc00 && second <= 0xdfff ? 12 : 0;
}

/* Are the eight bytes at p ASCII without a backslash? */
static bool is_plain(const char *p)
{
	const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	uint64_t x = w ^ ones * '\\';
	return ((w | ((x - ones) & ~x)) & tops) == 0;
}

/* yajl lets overlong characters through and turns half a surrogate pair into a question mark. */
static int check_text(const char *text, size_t len, size_t *bad)
{
	for (size_t i = 0, n; i < len; i += n) {
		if (len - i >= 8 && is_plain(text + i)) {
			n = 8;
			continue;
		}
		n = text[i] == '\\' ? escape_len(text + i, len - i)
				    : utf8_len((const unsigned char *)text + i, len - i);
		if (n == 0) {
			*bad = i;
			return -1;
		}
	}
	return 0;
}

struct parser {
	int (*each)(void *ctx, const struct json_event *);
	void *ctx;
	struct err *err;
	unsigned depth;
	int r; /* what each returned */
};

static int emit(struct parser *p, const struct json_event *e)
{
	p->r = p->each(p->ctx, e);
	return p->r >= 0;
}

static int emit_open(struct parser *p, enum json_type type)
{
	if (++p->depth > JSON_DEPTH_MAX) {
		p->r = err_say(p->err, EINVAL, "nested more than %d deep", JSON_DEPTH_MAX);
		return 0;
	}
	return emit(p, &(struct json_event){.type = type});
}

static int emit_close(struct parser *p, enum json_type type)
{
	p->depth--;
	return emit(p, &(struct json_event){.type = type});
}

static int on_null(void *ctx)
{
	return emit(ctx, &(struct json_event){.type = JSON_NULL});
}

static int on_bool(void *ctx, int v)
{
	return emit(ctx, &(struct json_event){.type = JSON_BOOL, .is_true = v});
}

/* The raw callback: yajl's own integer callback cannot hold RLIM_INFINITY. */
static int on_number(void *ctx, const char *p, size_t n)
{
	return emit(ctx, &(struct json_event){.type = JSON_NUMBER, .p = p, .n = n});
}

static int on_text(void *ctx, const unsigned char *p, size_t n)
{
	return emit(ctx, &(struct json_event){.type = JSON_TEXT, .p = (const char *)p, .n = n});
}

static int on_key(void *ctx, const unsigned char *p, size_t n)
{
	return emit(ctx, &(struct json_event){.type = JSON_KEY, .p = (const char *)p, .n = n});
}

static int on_object(void *ctx)
{
	return emit_open(ctx, JSON_OBJECT);
}

static int on_object_end(void *ctx)
{
	return emit_close(ctx, JSON_OBJECT_END);
}

static int on_array(void *ctx)
{
	return emit_open(ctx, JSON_ARRAY);
}

static int on_array_end(void *ctx)
{
	return emit_close(ctx, JSON_ARRAY_END);
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_bool,
	.yajl_number = on_number,
	.yajl_string = on_text,
	.yajl_map_key = on_key,
	.yajl_start_map = on_object,
	.yajl_end_map = on_object_end,
	.yajl_start_array = on_array,
	.yajl_end_array = on_array_end,
};

static void *yajl_get_memory(void *ctx, size_t n)
{
	(void)ctx;
	return mem_resize(NULL, n, 1);
}

static void *yajl_resize_memory(void *ctx, void *p, size_t n)
{
	(void)ctx;
	return mem_resize(p, n, 1);
}

static void yajl_free_memory(void *ctx, void *p)
{
	(void)ctx;
	free(p);
}

static int fail_at(struct err *err, const char *text, size_t at, const char *what)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < at; i++) {
		column++;
		if (text[i] == '\n') {
			line++;
			column = 1;
		}
	}
	return err_say(err, EINVAL, "line %zu, column %zu: %s", line, column, what);
}

/* `at` is where the text goes wrong. */
static int fail_syntax(yajl_handle yajl, struct err *err, const char *text, size_t at)
{
	unsigned char *what = yajl_get_error(yajl, 0, NULL, 0);
	char *line_end = strchr((char *)what, '\n');

	if (line_end)
		*line_end = 0;
	int r = fail_at(err, text, at, (char *)what);
	yajl_free_error(yajl, what);
	return r;
}

int json_parse(const char *text, size_t len, int (*each)(void *ctx, const struct json_event *),
	       void *ctx, struct err *err)
{
	yajl_alloc_funcs memory = {
		.malloc = yajl_get_memory, .realloc = yajl_resize_memory, .free = yajl_free_memory};
	struct parser p = {.each = each, .ctx = ctx, .err = err};
	size_t bad;

	if (len > JSON_SIZE_MAX)
		return err_say(err, EFBIG, "more than %d MiB of JSON", JSON_SIZE_MAX >> 20);
	if (check_text(text, len, &bad) < 0)
		return fail_at(err, text, bad, "not UTF-8, or half a surrogate pair");
	yajl_handle yajl = yajl_alloc(&callbacks, &memory, &p);
	yajl_config(yajl, yajl_dont_validate_strings, 1);
	yajl_status status = yajl_parse(yajl, (const unsigned char *)text, len);
	/* What yajl has consumed includes the offending character. */
	size_t consumed = yajl_get_bytes_consumed(yajl);
	size_t at = status == yajl_status_ok ? len : consumed ? consumed - 1 : 0;
	if (status == yajl_status_ok)
		status = yajl_complete_parse(yajl);
	int r = 0;
	if (status == yajl_status_client_canceled)
		r = p.r;
	else if (status != yajl_status_ok)
		r = fail_syntax(yajl, err, text, at);
	yajl_free(yajl);
	return r;
}

static void put_text(struct str *s, const char *text)
{
	static const char *const escapes[0x80] = {
		['"'] = "\\\"", ['\\'] = "\\\\", ['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t",
	};
	size_t left = strlen(text);

	str_add_char(s, '"');
	for (size_t n; left; text += n, left -= n) {
		unsigned char c = (unsigned char)*text;
		n = utf8_len((const unsigned char *)text, left);
		if (n == 0) {
			str_add(s, "\xef\xbf\xbd");
			n = 1;
		} else if (n == 1 && escapes[c]) {
			str_add(s, escapes[c]);
		} else if (c < 0x20) {
			str_addf(s, "\\u%04x", c);
		} else {
			str_add_mem(s, text, n);
		}
	}
	str_add_char(s, '"');
}

static void new_line(struct json_out *o)
{
	if (!o->indent)
		return;
	str_add_char(o->s, '\n');
	for (unsigned i = 0; i < o->depth; i++)
		str_add(o->s, o->indent);
}

/* What comes before a value. */
static void put_key(struct json_out *o, const char *key)
{
	if (o->has_item)
		str_add_char(o->s, ',');
	if (o->depth)
		new_line(o);
	o->has_item = true;
	if (key) {
		put_text(o->s, key);
		str_add(o->s, o->indent ? ": " : ":");
	}
}

void json_open(struct json_out *o, const char *key, char bracket)
{
	put_key(o, key);
	str_add_char(o->s, bracket);
	o->depth++;
	o->has_item = false;
}

void json_close(struct json_out *o, char bracket)
{
	o->depth--;
	if (o->has_item)
		new_line(o);
	str_add_char(o->s, bracket);
	o->has_item = true;
}

void json_text(struct json_out *o, const char *key, const char *value)
{
	put_key(o, key);
	if (value)
		put_text(o->s, value);
	else
		str_add(o->s, "null");
}

void json_int(struct json_out *o, const char *key, int64_t value)
{
	put_key(o, key);
	str_addf(o->s, "%" PRId64, value);
}

void json_uint(struct json_out *o, const char *key, uint64_t value)
{
	put_key(o, key);
	str_addf(o->s, "%" PRIu64, value);
}

void json_bool(struct json_out *o, const char *key, bool value)
{
	put_key(o, key);
	str_add(o->s, value ? "true" : "false");
}

void json_raw(struct json_out *o, const char *key, const char *json)
{
	put_key(o, key);
	str_add(o->s, json);
}

void json_real(struct json_out *o, const char *key, double value)
{
	put_key(o, key);
	str_addf(o->s, "%.2f", value);
}
