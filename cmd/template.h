/* SPDX-License-Identifier: Apache-2.0 */
/* --format: of Go's templates {{.Field}}, {{.Field.Inner}}, {{json .Field}}, {{json .}} and text around
 * them, with \t and \n. What is described is a JSON object; anything else between braces is refused
 * by name. Pure. */
#pragma once

#include "runtime/base/err.h"
#include "runtime/base/str.h"

/* Appends what `path` ("A.B", "" is all) leads to in the JSON text: a text bare, unless is_json;
 * objects and arrays as JSON. What is not there is "<no value>", or null. */
int template_pick(const char *json, const char *path, bool is_json, struct str *ret,
		  struct err *err);

/* Appends the template filled from the JSON text; no newline behind it. */
int template_fill(const char *format, const char *json, struct str *ret, struct err *err);

/* For "table" formats: the names of the fields as a header. */
int template_header(const char *format, struct str *ret, struct err *err);
