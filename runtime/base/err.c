/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/err.h"

static int fill(struct err *err, int num, int words, const char *fmt, va_list ap)
{
	num = num < 0 ? -num : num;
	*err = (struct err){.num = num ? num : EIO, .words = words};
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	return -err->num;
}

int err_set(struct err *err, int num, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int r = fill(err, num, 1, fmt, ap);
	va_end(ap);
	return r;
}

int err_say(struct err *err, int num, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int r = fill(err, num, 0, fmt, ap);
	va_end(ap);
	return r;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char old[sizeof(err->msg)];
	va_list ap;

	memcpy(old, err->msg, sizeof(old));
	va_start(ap, fmt);
	int n = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(err->msg))
		return -err->num;
	int room = (int)sizeof(err->msg) - n; /* the old end may be lost */
	snprintf(err->msg + n, (size_t)room, "%s%.*s", *old ? ": " : "", room, old);
	return -err->num;
}

void err_hint(struct err *err, const char *fmt, ...)
{
	if (*err->hint)
		return;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
}

int err_conflicts(const struct err_conflict *rows, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].is_wrong) {
			err_say(err, EINVAL, "%s is not possible", rows[i].what);
			err_hint(err, "%s", rows[i].cure);
			return -EINVAL;
		}
	return 0;
}

void err_code(struct err *err, const char *code)
{
	err->code = code;
}

const char *err_words(int num, char *buf, size_t size)
{
	const char *s = strerrordesc_np(num);

	if (!s)
		snprintf(buf, size, "errno %d", num);
	else
		snprintf(buf, size, "%s", s);
	/* "RPC struct is bad" keeps its capitals; "Permission denied" does not. */
	if (isupper((unsigned char)buf[0]) && !isupper((unsigned char)buf[1]))
		buf[0] = (char)tolower((unsigned char)buf[0]);
	return buf;
}

const char *err_text(const struct err *err, char *buf, size_t size)
{
	char words[80];

	snprintf(buf, size, "%s%s%s", err->msg, err->words ? ": " : "",
		 err->words ? err_words(err->num, words, sizeof(words)) : "");
	return buf;
}
