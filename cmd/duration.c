/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "cmd/duration.h"
#include "runtime/base/str.h"

/* One number with a unit; returns what follows it, or NULL. */
static const char *take_part(const char *text, double *sum)
{
	static const struct {
		double ms;
		const char *unit;
	} units[] = {
		{1, "ms"},        {0.001, "us"},
		{0.000001, "ns"}, /* before the letters they begin with */
		{1000, "s"},      {60000, "m"},
		{3600000, "h"},
	};
	size_t digits = strspn(text, "0123456789");
	size_t n = digits;

	if (text[n] == '.')
		n += 1 + strspn(text + n + 1, "0123456789");
	if (n == 0 || (digits == 0 && n == 1))
		return NULL;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (str_starts(text + n, units[i].unit)) {
			*sum += strtod(text, NULL) * units[i].ms;
			return text + n + strlen(units[i].unit);
		}
	return NULL;
}

int duration_ms(const char *text, int *ret, struct err *err)
{
	const char *at = text;
	double sum = 0;

	do
		at = take_part(at, &sum);
	while (at && *at);
	if (!at || sum >= INT_MAX || (int)sum <= 0)
		return err_say(err, EINVAL, "\"%.40s\" is not a time such as 5s or 1m30s", text);
	*ret = (int)sum;
	return 0;
}
