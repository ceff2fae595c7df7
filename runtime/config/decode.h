/* SPDX-License-Identifier: Apache-2.0 */
/* JSON text to structs, by the field tables, in one pass. */
#pragma once

#include <stddef.h>

#include "runtime/base/err.h"
#include "runtime/base/mem.h"
#include "runtime/config/config.h"
#include "runtime/config/table.h"

/* List elements and map entries in one text: with JSON_SIZE_MAX this bounds the memory. */
enum { DECODE_ELEMENTS_MAX = 1 << 18 };

/* Decodes one object; *ret and all that it points to live in the arena. Unknown keys are skipped,
 * null is as good as absent (not as a list's element). -EINVAL, the message naming the JSON path,
 * what was expected and what was found: for a wrong type, a number that is no integer or out of
 * range, a text with a NUL, an unknown word, a key that is there twice, a required one that is
 * missing. -EFBIG when the text or the number of elements is above the bounds. */
int decode_object(const struct table *table, const char *text, size_t len, struct arena *arena,
		  void **ret, struct err *err);

/* The same for a config.json. */
int config_decode(const char *text, size_t len, struct arena *arena, struct config **ret,
		  struct err *err);
