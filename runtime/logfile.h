/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the log that a monitor writes (runtime/init/monitor.h): from the oldest file to the current
 * one, across rotations. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "runtime/base/err.h"
#include "runtime/base/str.h"

/* One record, within a buffer. */
struct log_record {
	const char *stamp; /* stamp_len bytes, RFC 3339 in UTC with nanoseconds: sorts as text */
	size_t stamp_len;
	bool is_err;    /* of standard error */
	bool ends_line; /* else the next record of this stream goes on with it */
	const char *text;
	size_t len;
};

/* Takes one record of n bytes without its newline. Pure. false: it is none. */
bool log_parse(const char *p, size_t n, struct log_record *ret);

/* "2026-01-02T03:04:05Z", the same with a fraction or an offset, "2026-01-02", seconds since 1970, or
 * a time before `now` as in 10m: the stamp of that moment into buf. -EINVAL. Pure. */
enum { LOG_STAMP_MAX = 40 };
int log_moment(const char *text, int64_t now, char buf[LOG_STAMP_MAX], struct err *err);

struct logfile {
	int dir, fd;
	ino_t ino;       /* of fd */
	struct str rest; /* read, and not yet handed out: begins at `at` */
	size_t at;
};

/* dir: path of the log's directory. -ENOENT: there is no log (yet). */
int logfile_open(const char *dir, struct logfile *ret, struct err *err);
void logfile_clear(struct logfile *l);
/* 1: a record, valid until the next call; 0: that is all for now; -errno. */
int logfile_next(struct logfile *l, struct log_record *ret, struct err *err);
