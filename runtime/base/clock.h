/* SPDX-License-Identifier: Apache-2.0 */
/* How time goes by, and time as text: libc's own conversions read the time zone's file even for UTC. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { CLOCK_TEXT_MAX = 40, CLOCK_WHOLE = 1000000000 };

/* CLOCK_MONOTONIC: for how long something takes, whatever is done to the date. */
uint64_t clock_ns(void);
int64_t clock_ms(void);

/* "2026-01-02T03:04:05Z" (RFC 3339) for seconds since 1970, those before being 1970; with
 * nanoseconds below CLOCK_WHOLE "…05.012345678Z". */
const char *clock_text(char buf[CLOCK_TEXT_MAX], int64_t seconds, unsigned nanoseconds);
/* Reads "2026-01-02", perhaps with a time, "T03:04:05" or " 03:04:05.678", as of UTC, from the beginning of
 * text: seconds since 1970 and nanoseconds. Returns what stands behind it; NULL: there is none. */
const char *clock_read(const char *text, int64_t *ret, unsigned *ret_ns);
/* The other way: nanoseconds since 1970 of an RFC 3339 text in UTC. 0 or -EINVAL. */
int clock_parse(const char *text, uint64_t *ret_ns);
const char *clock_now(char buf[CLOCK_TEXT_MAX], bool nanoseconds);
