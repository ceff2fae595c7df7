/* SPDX-License-Identifier: Apache-2.0 */
/* How far a fetch is: bars on a terminal, JSON lines, or nothing. */
#pragma once

#include "image/fetch.h"
#include "runtime/base/err.h"

enum progress_kind { PROGRESS_NONE, PROGRESS_BARS, PROGRESS_JSON };

struct progress {
	enum progress_kind kind;
	size_t lines;                    /* on the screen */
	uint64_t told[FETCH_LAYERS_MAX]; /* what was said last */
};

/* word: auto, bars, json or none; NULL is auto: bars where standard error is a terminal. */
int progress_read(const char *word, bool quiet, struct progress *ret, struct err *err);
/* A fetch's `show`; ctx is a struct progress. */
void progress_show(const struct fetch_progress *p, bool is_end, void *ctx);
