/* SPDX-License-Identifier: Apache-2.0 */
/* The field tables that gen makes from a JSON schema: what decode and encode walk. A struct of the
 * tables is plain data: absent is NULL, an enum's 0, or has_x false; a list is a pointer and n_x,
 * and keeps absent (NULL) apart from empty. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum field_kind { FIELD_BOOL, FIELD_INT, FIELD_UINT, FIELD_TEXT, FIELD_ENUM, FIELD_OBJECT };

/* FIELD_MAP is a list too: of {key, value} pairs of text, or of structs whose first member is the
 * key. The order of the text is kept. */
enum field_shape { FIELD_ONE, FIELD_LIST, FIELD_MAP };

struct table;

struct field {
	const char *name; /* the JSON key */
	uint8_t name_len;
	uint8_t kind;     /* enum field_kind, of the value or of the list's elements */
	uint8_t shape;    /* enum field_shape */
	uint8_t required; /* a missing or null one is an error */
	uint16_t size;    /* of the value, or of one element */
	uint16_t offset;
	uint16_t has;   /* where has_x is; 0: there is none */
	uint16_t count; /* where n_x is; 0: there is none */
	uint16_t n_words;
	int64_t min; /* of FIELD_INT and FIELD_UINT */
	uint64_t max;
	const char *const *words;  /* of FIELD_ENUM: words[value]; words[0] is NULL */
	const struct table *table; /* of FIELD_OBJECT */
};

struct table {
	const struct field *fields;
	size_t n_fields; /* at most TABLE_FIELDS_MAX */
	size_t size;     /* of the struct */
};

enum { TABLE_FIELDS_MAX = 64 };

/* One element of a FIELD_MAP of text. */
struct config_kv {
	const char *key, *value;
};
