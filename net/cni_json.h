/* SPDX-License-Identifier: Apache-2.0 */
/* JSON that is handed on as it is, but for what is looked at: an object, or array, in its parts. */
#pragma once

#include "runtime/base/json.h"
#include "runtime/base/mem.h"

struct json_part {
	const char *key;     /* in an object; else NULL */
	enum json_type type; /* an object's or array's is that of its beginning */
	bool is_true;
	const char *json; /* the value, without blanks */
	const char *text; /* that of a text or number, decoded; else NULL */
};

struct json_parts {
	struct json_part *v;
	size_t n;
};

/* One level of it; type: JSON_OBJECT or JSON_ARRAY. What is in *ret lives in the arena. -EINVAL: it is
 * something else, a key is there twice, a text has a NUL. Pure. */
int json_split(const char *json, enum json_type type, struct arena *mem, struct json_parts *ret,
	       struct err *err);

/* The member of that type, or NULL. */
const struct json_part *json_find(const struct json_parts *p, const char *key, enum json_type type);
/* The text of that member, or NULL. */
const char *json_find_text(const struct json_parts *p, const char *key);
