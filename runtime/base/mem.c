/* SPDX-License-Identifier: Apache-2.0 */
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/mem.h"

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	alignas(max_align_t) char data[];
};

#define ARENA_BLOCK ((size_t)16 * 1024 - sizeof(struct arena_block) - 32)

_Noreturn static void out_of_memory(void)
{
	static const char msg[] = "ctr: out of memory\n";
	ssize_t n = write(STDERR_FILENO, msg, sizeof(msg) - 1);
	(void)n;
	_exit(1);
}

void *mem_zalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);
	if (!p)
		out_of_memory();
	return p;
}

void *mem_resize(void *p, size_t n, size_t size)
{
	p = reallocarray(p, n ? n : 1, size ? size : 1);
	if (!p)
		out_of_memory();
	return p;
}

char *mem_copy(const void *p, size_t n)
{
	if (n == SIZE_MAX)
		out_of_memory();
	char *r = malloc(n + 1);
	if (!r)
		out_of_memory();
	if (n)
		memcpy(r, p, n);
	r[n] = 0;
	return r;
}

char *mem_printf(const char *fmt, ...)
{
	char *r = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&r, fmt, ap);
	va_end(ap);
	if (n < 0 || !r)
		out_of_memory();
	return r;
}

void *arena_zalloc(struct arena *a, size_t n, size_t size)
{
	size_t want;

	if (__builtin_mul_overflow(n, size, &want) || want > SIZE_MAX / 2)
		out_of_memory();
	want = (want + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	struct arena_block *b = a->head;
	if (!b || b->size - b->used < want) {
		size_t room = want > ARENA_BLOCK ? want : ARENA_BLOCK;
		b = malloc(sizeof(*b) + room);
		if (!b)
			out_of_memory();
		*b = (struct arena_block){.next = a->head, .size = room};
		a->head = b;
	}
	void *p = b->data + b->used;
	b->used += want;
	a->total += want;
	return memset(p, 0, want);
}

char *arena_copy(struct arena *a, const void *p, size_t n)
{
	if (n == SIZE_MAX)
		out_of_memory();
	char *r = arena_zalloc(a, n + 1, 1);
	if (n)
		memcpy(r, p, n);
	return r;
}

char *arena_str(struct arena *a, const char *s)
{
	return arena_copy(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		out_of_memory();
	char *r = arena_zalloc(a, (size_t)n + 1, 1);
	vsnprintf(r, (size_t)n + 1, fmt, again);
	va_end(again);
	return r;
}

void arena_clear(struct arena *a)
{
	for (struct arena_block *b = a->head, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	*a = (struct arena){0};
}
