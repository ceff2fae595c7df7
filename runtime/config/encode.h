/* SPDX-License-Identifier: Apache-2.0 */
/* Structs to JSON text, by the field tables: what decode reads comes out as it went in, members
 * in the schema's order, absent ones left out. */
#pragma once

#include "runtime/base/json.h"
#include "runtime/base/str.h"
#include "runtime/config/config.h"
#include "runtime/config/table.h"

/* Writes the object as the value of `key` (NULL: the whole document, or in an array). */
void encode_object(const struct table *table, const void *object, struct json_out *o,
		   const char *key);

/* Appends a config.json, without a newline behind it; indent NULL makes it compact. */
void config_encode(const struct config *config, const char *indent, struct str *ret);
