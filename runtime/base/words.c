/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "runtime/base/words.h"

void words_add(struct words *w, const char *text, struct arena *mem)
{
	/* Room doubles at each power of two, so that n alone says how much there is. */
	if ((w->n & (w->n - 1)) == 0) {
		const char **v = arena_zalloc(mem, w->n ? w->n * 2 : 1, sizeof(*v));
		if (w->n)
			memcpy(v, w->v, w->n * sizeof(*v));
		w->v = v;
	}
	w->v[w->n++] = text;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void words_sort(struct words *w)
{
	if (w->n)
		qsort(w->v, w->n, sizeof(*w->v), by_bytes);
}
