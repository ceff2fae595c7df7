/* SPDX-License-Identifier: Apache-2.0 */
/* A growing list of texts, in an arena. */
#pragma once

#include <stddef.h>

#include "runtime/base/mem.h"

/* {0} is an empty list. */
struct words {
	const char **v;
	size_t n;
};

/* Appends the text itself, not a copy. */
void words_add(struct words *w, const char *text, struct arena *mem);
/* In byte order. */
void words_sort(struct words *w);
