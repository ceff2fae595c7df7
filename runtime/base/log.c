/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "runtime/base/clock.h"
#include "runtime/base/fd.h"
#include "runtime/base/json.h"
#include "runtime/base/log.h"
#include "runtime/base/str.h"

/* The process has one log, as it has one standard error. */
static struct {
	int fd;
	bool json;
	enum log_level max;
} sink = {.fd = -1, .max = LOG_LEVEL_WARNING};

void log_to(int fd, bool json, enum log_level max)
{
	sink.fd = fd;
	sink.json = json;
	sink.max = max;
}

bool log_wants(enum log_level level)
{
	return sink.fd >= 0 && level <= sink.max;
}

/* As logrus quotes: only when there is something to quote. */
static void add_quoted(struct str *s, const char *text)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/@^+";

	if (*text && !text[strspn(text, plain)]) {
		str_add(s, text);
		return;
	}
	struct json_out o = {.s = s};
	json_text(&o, NULL, text);
}

void log_line(enum log_level level, const char *fmt, ...)
{
	static const char *const words[] = {"error", "warning", "info", "debug"};
	auto_(str) struct str line = {0};
	char msg[1024], when[CLOCK_TEXT_MAX];
	va_list ap;

	if (!log_wants(level))
		return;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	clock_now(when, false);
	if (sink.json) {
		struct json_out o = {.s = &line};
		json_open(&o, NULL, '{');
		json_text(&o, "level", words[level]);
		json_text(&o, "msg", msg);
		json_text(&o, "time", when);
		json_close(&o, '}');
	} else {
		str_addf(&line, "time=\"%s\" level=%s msg=", when, words[level]);
		add_quoted(&line, msg);
	}
	str_add_char(&line, '\n');
	fd_write_all(sink.fd, line.p, line.len);
}
