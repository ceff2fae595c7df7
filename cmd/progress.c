/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <unistd.h>

#include "cmd/progress.h"
#include "image/digest.h"
#include "runtime/base/fd.h"
#include "runtime/base/json.h"

enum { BAR = 30, ID_DIGITS = 12 };

int progress_read(const char *word, bool quiet, struct progress *ret, struct err *err)
{
	static const char *const words[] = {"none", "bars", "json"};

	*ret = (struct progress){0};
	if (quiet)
		return 0;
	if (!word || str_eq(word, "auto")) {
		ret->kind = isatty(STDERR_FILENO) ? PROGRESS_BARS : PROGRESS_NONE;
		return 0;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (str_eq(word, words[i])) {
			ret->kind = (enum progress_kind)i;
			return 0;
		}
	return err_say(err, EINVAL, "--progress: expected auto, bars, json or none, got \"%.40s\"",
		       word);
}

static void add_bar(const struct fetch_progress *p, size_t i, struct str *out)
{
	uint64_t size = p->layers[i].size, done = p->layers[i].done;
	unsigned full = size ? (unsigned)(done * BAR / size) : BAR;

	str_addf(out, "%.*s  ", ID_DIGITS, digest_hex(p->layers[i].digest));
	if (p->layers[i].is_ready) {
		str_add(out, "ready\033[K\n");
		return;
	}
	str_add_char(out, '[');
	for (unsigned k = 0; k < BAR; k++)
		str_add_char(out, k < full ? '=' : k == full ? '>' : ' ');
	str_addf(out, "] %6.1f of %.1f MB\033[K\n", (double)done / 1e6, (double)size / 1e6);
}

static void show_bars(const struct fetch_progress *p, struct progress *s)
{
	auto_(str) struct str out = {0};

	if (s->lines)
		str_addf(&out, "\033[%zuA", s->lines);
	for (size_t i = 0; i < p->n; i++)
		add_bar(p, i, &out);
	s->lines = p->n;
	if (out.len)
		fd_write_all(STDERR_FILENO, out.p, out.len);
}

static void show_json(const struct fetch_progress *p, struct progress *s)
{
	auto_(str) struct str text = {0};

	for (size_t i = 0; i < p->n; i++) {
		uint64_t state = p->layers[i].done + p->layers[i].is_ready;
		if (state == s->told[i])
			continue;
		s->told[i] = state;
		struct json_out out = {.s = &text};
		json_open(&out, NULL, '{');
		json_text(&out, "id", p->layers[i].digest);
		json_text(&out, "status", p->layers[i].is_ready ? "ready" : "fetching");
		json_uint(&out, "current", p->layers[i].done);
		json_uint(&out, "total", p->layers[i].size);
		json_close(&out, '}');
		str_add_char(&text, '\n');
	}
	if (text.len)
		fd_write_all(STDOUT_FILENO, text.p, text.len);
}

void progress_show(const struct fetch_progress *p, bool is_end, void *ctx)
{
	struct progress *s = ctx;

	(void)is_end;
	if (s->kind == PROGRESS_BARS)
		show_bars(p, s);
	else if (s->kind == PROGRESS_JSON)
		show_json(p, s);
}
