/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <unistd.h>

#include "cmd/out.h"
#include "runtime/base/clock.h"
#include "runtime/base/fd.h"
#include "runtime/base/json.h"
#include "runtime/base/mem.h"

enum { MESSAGE_MAX = 1024 };

int out_text(const struct str *text, struct err *err)
{
	int r = text->len ? fd_write_all(STDOUT_FILENO, text->p, text->len) : 0;

	return r < 0 ? err_set(err, r, "write to standard output") : 0;
}

int out_line(const char *line, struct err *err)
{
	auto_(str) struct str text = {0};

	str_addf(&text, "%s\n", line);
	return out_text(&text, err);
}

/* One line that says all that log_line can't: the code and the hint. */
static void add_json(struct str *line, const struct err *e, const char *message)
{
	struct json_out o = {.s = line};
	char when[CLOCK_TEXT_MAX];

	json_open(&o, NULL, '{');
	json_text(&o, "level", "error");
	json_text(&o, "msg", message);
	json_text(&o, "time", clock_now(when, false));
	if (e->code)
		json_text(&o, "code", e->code);
	if (*e->hint)
		json_text(&o, "hint", e->hint);
	json_close(&o, '}');
	str_add_char(line, '\n');
}

void out_error(const struct out_log *log, const struct err *e)
{
	auto_(str) struct str line = {0};
	char message[MESSAGE_MAX];

	err_text(e, message, sizeof(message));
	if (log->is_json) {
		add_json(&line, e, message);
		fd_write_all(log->fd < 0 ? STDERR_FILENO : log->fd, line.p, line.len);
		if (log->fd < 0)
			return;
		line.len = 0;
	} else if (log->fd >= 0) {
		log_line(LOG_LEVEL_ERROR, "%s", message);
	}
	str_addf(&line, "%s%s", log->fd < 0 ? "ctr: " : "", message);
	if (log->fd < 0 && *e->hint)
		str_addf(&line, " (%s)", e->hint);
	str_add_char(&line, '\n');
	fd_write_all(STDERR_FILENO, line.p, line.len);
}

static size_t column_width(const char *const *cells, size_t n_rows, size_t n_columns, size_t column)
{
	size_t width = 0;

	for (size_t row = 0; row < n_rows; row++) {
		size_t n = strlen(cells[row * n_columns + column]);
		width = n > width ? n : width;
	}
	return width;
}

void out_table(struct str *out, const char *const *cells, size_t n_rows, size_t n_columns)
{
	enum { GAP = 3 };
	auto_free size_t *widths = mem_zalloc(n_columns, sizeof(*widths));

	for (size_t i = 0; i < n_columns; i++)
		widths[i] = column_width(cells, n_rows, n_columns, i);
	for (size_t row = 0; row < n_rows; row++) {
		for (size_t i = 0; i + 1 < n_columns; i++)
			str_addf(out, "%-*s", (int)widths[i] + GAP, cells[row * n_columns + i]);
		str_addf(out, "%s\n", cells[row * n_columns + n_columns - 1]);
	}
}

int out_read_format(const char *format, bool *ret_json, struct err *err)
{
	*ret_json = format && str_eq(format, "json");
	if (format && !*ret_json && !str_eq(format, "table"))
		return err_say(err, EINVAL, "--format: expected table or json, got \"%.40s\"",
			       format);
	return 0;
}
