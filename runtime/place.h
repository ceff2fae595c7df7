/* SPDX-License-Identifier: Apache-2.0 */
/* What a path leads to, for who reads or makes something there: a name in a directory that is open. */
#pragma once

#include <stdbool.h>

#include "runtime/base/err.h"
#include "runtime/base/mem.h"

struct place {
	int dir;
	const char *name; /* in `dir`; ".": dir itself */
	const char *base; /* how the path calls it; NULL: the root */
	bool is_there, is_dir;
	bool wants_dir;    /* the path ends with "/" */
	bool wants_inside; /* with "/.": what is in the directory, not it itself */
};

#define PLACE_NONE                                                                                 \
	{                                                                                          \
		.dir = -1                                                                          \
	}

/* `root`: that of a container, or AT_FDCWD for a path of the host. follows: a link at the end is
 * followed, too. What is not there is no error if its directory is. */
int place_find(int root, const char *path, bool follows, struct arena *mem, struct place *ret,
	       struct err *err);
void place_clear(struct place *p);
