/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that cannot fail (running out ends the process, here and nowhere else), and arenas for
 * things that die together. */
#pragma once

#include <stddef.h>

#include "runtime/base/auto.h"

/* Zeroed memory; n * size is checked for overflow. Free with free(). */
void *mem_zalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
/* p resized to n elements; new elements are not zeroed. */
void *mem_resize(void *p, size_t n, size_t size) __attribute__((returns_nonnull));
/* A copy of n bytes with a NUL behind them. */
char *mem_copy(const void *p, size_t n) __attribute__((malloc, returns_nonnull));
/* A formatted string. */
char *mem_printf(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), malloc, returns_nonnull));

/* Allocations from one arena are freed together. {0} is an empty arena. */
struct arena {
	struct arena_block *head;
	size_t total; /* bytes handed out: lets a decoder bound its input's appetite */
};

void *arena_zalloc(struct arena *a, size_t n, size_t size) __attribute__((returns_nonnull));
char *arena_copy(struct arena *a, const void *p, size_t n) __attribute__((returns_nonnull));
char *arena_str(struct arena *a, const char *s) __attribute__((returns_nonnull));
char *arena_printf(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), returns_nonnull));
void arena_clear(struct arena *a);
