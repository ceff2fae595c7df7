/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that ctr prints: results on standard output, errors on standard error and in the log
 * that --log names (OCI-CONTRACT 2.5). */
#pragma once

#include "runtime/base/err.h"
#include "runtime/base/log.h"
#include "runtime/base/str.h"

/* Where errors go. fd -1: no --log. */
struct out_log {
	int fd;
	bool is_json;
};

/* Writes text to standard output. */
int out_text(const struct str *text, struct err *err);
/* The same of one line: an id, a name. */
int out_line(const char *line, struct err *err);

/* One failure: "ctr: create web: MESSAGE (HINT)" on standard error; with a log, the bare message
 * there and one line in the log, whose JSON also has "code" and "hint". */
void out_error(const struct out_log *log, const struct err *e);

/* A table with left-aligned columns, as wide as they need to be. Cells are n_columns a row, the
 * first row being the header; they are not kept. */
void out_table(struct str *out, const char *const *cells, size_t n_rows, size_t n_columns);

/* The value of --format where it is "table", which NULL stands for, or "json". -EINVAL: neither. */
int out_read_format(const char *format, bool *ret_json, struct err *err);
