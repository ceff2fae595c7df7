/* SPDX-License-Identifier: Apache-2.0 */
/* JSON in and out; the only door to yajl. Reading is a stream of events, so that nobody holds a
 * tree; writing appends to a string. RFC 8259, strictly: no comments, no trailing text, UTF-8
 * without overlong forms or surrogates, \u escapes of surrogates only in pairs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/err.h"
#include "runtime/base/str.h"

enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_TEXT,
	JSON_KEY, /* comes before each value of an object */
	JSON_OBJECT,
	JSON_OBJECT_END,
	JSON_ARRAY,
	JSON_ARRAY_END,
};

/* p and n: a number as it is written; a text or key decoded, not terminated, valid during the call.
 * A text may hold a NUL byte ("\u0000"). */
struct json_event {
	enum json_type type;
	bool is_true;
	const char *p;
	size_t n;
};

enum {
	JSON_DEPTH_MAX = 128,             /* objects and arrays within one another */
	JSON_SIZE_MAX = 64 * 1024 * 1024, /* bytes of text */
};

/* Calls `each` for each event in order; a negative return of its own ends the parsing and is
 * returned, `each` having set err. Else 0, or -EINVAL ("line 3, column 5: ..."), -EFBIG. */
int json_parse(const char *text, size_t len, int (*each)(void *ctx, const struct json_event *),
	       void *ctx, struct err *err);

/* A document being written: { .s = &string } is a compact one, .indent = "\t" a pretty one, laid
 * out as Go's encoder does it. In the functions below `key` is NULL inside an array and at the top. */
struct json_out {
	struct str *s;
	const char *indent;
	unsigned depth;
	bool has_item; /* in the innermost object or array */
};

/* bracket: '{' or '['. */
void json_open(struct json_out *o, const char *key, char bracket);
/* bracket: '}' or ']'. */
void json_close(struct json_out *o, char bracket);
/* Bytes that are not UTF-8 become U+FFFD; a NULL value is written as null. */
void json_text(struct json_out *o, const char *key, const char *value);
void json_int(struct json_out *o, const char *key, int64_t value);
void json_uint(struct json_out *o, const char *key, uint64_t value);
void json_bool(struct json_out *o, const char *key, bool value);
/* A value that is JSON already. */
void json_raw(struct json_out *o, const char *key, const char *json);
/* With two digits behind the point; not for infinities and their like. */
void json_real(struct json_out *o, const char *key, double value);
