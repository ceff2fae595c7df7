/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "runtime/base/clock.h"
#include "runtime/base/str.h"

uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

int64_t clock_ms(void)
{
	return (int64_t)(clock_ns() / 1000000);
}

/* The date of a day since 1970-01-01, in the Gregorian calendar: years are counted from March, so
 * that the leap day is a year's last. */
static void date_of(uint64_t day, unsigned *ret_year, unsigned *ret_month, unsigned *ret_day)
{
	enum { DAYS_400_YEARS = 146097, DAYS_TO_1970 = 719468 }; /* the latter from 0000-03-01 */
	uint64_t all = day + DAYS_TO_1970, era = all / DAYS_400_YEARS;
	unsigned d = (unsigned)(all % DAYS_400_YEARS);
	unsigned year = (d - d / 1460 + d / 36524 - d / 146096) / 365;
	unsigned in_year = d - (365 * year + year / 4 - year / 100);
	unsigned month = (5 * in_year + 2) / 153; /* 0 is March */

	*ret_day = in_year - (153 * month + 2) / 5 + 1;
	*ret_month = month < 10 ? month + 3 : month - 9;
	*ret_year = (unsigned)(era * 400) + year + (*ret_month <= 2);
}

const char *clock_text(char buf[CLOCK_TEXT_MAX], int64_t seconds, unsigned nanoseconds)
{
	uint64_t t = seconds < 0 ? 0 : (uint64_t)seconds;
	unsigned year, month, day, s = (unsigned)(t % 86400);

	date_of(t / 86400, &year, &month, &day);
	int n = snprintf(buf, CLOCK_TEXT_MAX, "%04u-%02u-%02uT%02u:%02u:%02u", year % 10000, month,
			 day, s / 3600, s / 60 % 60, s % 60);
	if (nanoseconds < 1000000000)
		n += snprintf(buf + n, CLOCK_TEXT_MAX - (size_t)n, ".%09u", nanoseconds);
	snprintf(buf + n, CLOCK_TEXT_MAX - (size_t)n, "Z");
	return buf;
}

const char *clock_now(char buf[CLOCK_TEXT_MAX], bool nanoseconds)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return clock_text(buf, t.tv_sec, nanoseconds ? (unsigned)t.tv_nsec : CLOCK_WHOLE);
}

/* Days since 1970 of a date, in years that begin in March, as date_of has them. */
static int64_t day_of(int64_t year, unsigned month, unsigned day)
{
	int64_t y = month <= 2 ? year - 1 : year, era = y / 400;
	unsigned of_era = (unsigned)(y % 400), m = month > 2 ? month - 3 : month + 9;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * m + 2) / 5 + day -
	       1 - 719468;
}

static bool read_time(const char **at, int64_t *seconds, unsigned *ret_ns)
{
	unsigned hour, minute, second, unit = CLOCK_WHOLE;
	int n = 0;

	if (sscanf(*at, "%2u:%2u:%2u%n", &hour, &minute, &second, &n) != 3 || hour > 23 ||
	    minute > 59 || second > 60)
		return false;
	*seconds += hour * 3600 + minute * 60 + second;
	*at += n;
	if (**at == '.')
		for (++*at; **at >= '0' && **at <= '9'; ++*at) {
			unit /= 10;
			*ret_ns += (unsigned)(**at - '0') * unit;
		}
	return true;
}

const char *clock_read(const char *text, int64_t *ret, unsigned *ret_ns)
{
	unsigned year, month, day;
	int n = 0;

	if (sscanf(text, "%4u-%2u-%2u%n", &year, &month, &day, &n) != 3 || month < 1 ||
	    month > 12 || day < 1 || day > 31)
		return NULL;
	const char *at = text + n;
	*ret = day_of(year, month, day) * 86400;
	*ret_ns = 0;
	if (*at != 'T' && *at != ' ')
		return at;
	at++;
	return read_time(&at, ret, ret_ns) ? at : NULL;
}

int clock_parse(const char *text, uint64_t *ret_ns)
{
	int64_t seconds;
	unsigned ns;
	const char *end = clock_read(text, &seconds, &ns);

	if (!end || !str_eq(end, "Z") || !strchr(text, 'T') || seconds < 0)
		return -EINVAL;
	*ret_ns = (uint64_t)seconds * 1000000000 + ns;
	return 0;
}
