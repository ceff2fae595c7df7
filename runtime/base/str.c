/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/mem.h"
#include "runtime/base/str.h"

static void reserve(struct str *s, size_t more)
{
	if (s->cap - s->len > more)
		return;
	size_t cap = s->cap ? s->cap : 64;
	while (cap - s->len <= more)
		cap *= 2;
	s->p = mem_resize(s->p, cap, 1);
	s->cap = cap;
}

void str_add_mem(struct str *s, const void *p, size_t n)
{
	reserve(s, n);
	if (n)
		memcpy(s->p + s->len, p, n);
	s->len += n;
	s->p[s->len] = 0;
}

void str_add(struct str *s, const char *text)
{
	str_add_mem(s, text, strlen(text));
}

void str_add_char(struct str *s, char c)
{
	str_add_mem(s, &c, 1);
}

void str_addf(struct str *s, const char *fmt, ...)
{
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n >= 0) {
		reserve(s, (size_t)n);
		vsnprintf(s->p + s->len, (size_t)n + 1, fmt, again);
		s->len += (size_t)n;
	}
	va_end(again);
}

void *str_grow(struct str *s, size_t n)
{
	reserve(s, n);
	void *at = memset(s->p + s->len, 0, n + 1);
	s->len += n;
	return at;
}

void str_clear(struct str *s)
{
	free(s->p);
	*s = (struct str){0};
}

int num_max(const char *s, int base, uint64_t max, uint64_t *ret)
{
	char *end;

	if (!isxdigit((unsigned char)*s))
		return -EINVAL;
	errno = 0;
	unsigned long long v = strtoull(s, &end, base);
	if (*end || end == s)
		return -EINVAL;
	if (errno == ERANGE || v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

int num_u64(const char *s, uint64_t *ret)
{
	return num_max(s, 10, UINT64_MAX, ret);
}

int num_i64(const char *s, int64_t *ret)
{
	uint64_t v;
	bool negative = *s == '-';
	int r = num_max(s + negative, 10, (uint64_t)INT64_MAX + negative, &v);

	if (r < 0)
		return r;
	*ret = negative ? (int64_t)(0 - v) : (int64_t)v;
	return 0;
}

/* The power of 1024 that a suffix stands for, or -1. */
static int size_power(const char *suffix)
{
	static const char letters[] = "bkmgtp";

	if (!*suffix)
		return 0;
	const char *at = strchr(letters, tolower((unsigned char)*suffix));
	if (!at)
		return -1;
	const char *rest = suffix + 1;
	if (at != letters && tolower((unsigned char)*rest) == 'i' &&
	    tolower((unsigned char)rest[1]) == 'b')
		rest += 2;
	else if (at != letters && tolower((unsigned char)*rest) == 'b')
		rest++;
	return *rest ? -1 : (int)(at - letters);
}

int num_size(const char *s, int64_t *ret)
{
	if (str_eq(s, "-1")) {
		*ret = -1;
		return 0;
	}
	if (!isdigit((unsigned char)*s))
		return -EINVAL;
	/* Digits, perhaps one fraction: strtold would also take hexadecimal and "inf". */
	size_t digits = strspn(s, "0123456789");
	if (s[digits] == '.')
		digits += 1 + strspn(s + digits + 1, "0123456789");
	int power = size_power(s + digits);
	if (power < 0)
		return -EINVAL;
	long double v = strtold(s, NULL);
	while (power-- > 0)
		v *= 1024;
	if (v >= 9223372036854775807.0L)
		return -ERANGE;
	*ret = (int64_t)v;
	return 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);
	return n >= m && str_eq(s + n - m, suffix);
}
