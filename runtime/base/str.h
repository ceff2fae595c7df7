/* SPDX-License-Identifier: Apache-2.0 */
/* A growing string, and strict reading of numbers. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "runtime/base/auto.h"

/* {0} is an empty builder; p is NULL until something is added, then always NUL-terminated. */
struct str {
	char *p;
	size_t len, cap;
};

void str_add(struct str *s, const char *text);
void str_add_mem(struct str *s, const void *p, size_t n);
void str_add_char(struct str *s, char c);
void str_addf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Appends n zero bytes and returns where they begin (valid until the next call). */
void *str_grow(struct str *s, size_t n);
void str_clear(struct str *s);

/* Whole-string decimal numbers: no sign but a leading '-' for the signed one, no blanks, no
 * overflow. 0, or -EINVAL / -ERANGE with *ret untouched. */
int num_u64(const char *s, uint64_t *ret);
int num_i64(const char *s, int64_t *ret);
/* As num_u64, in any base that strtoull knows except 0, with an upper bound. */
int num_max(const char *s, int base, uint64_t max, uint64_t *ret);
/* "512", "64k", "1.5g", "10MiB": bytes, by powers of 1024; suffix letters in either case, an
 * optional "b" or "ib" behind them. "-1" gives -1 (unlimited). -EINVAL / -ERANGE. */
int num_size(const char *s, int64_t *ret);

static inline bool str_eq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static inline bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix);
