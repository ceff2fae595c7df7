/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "runtime/base/clock.h"
#include "runtime/base/fd.h"
#include "runtime/logfile.h"

enum { FILES_MAX = 100, CHUNK = 65536 };

bool log_parse(const char *p, size_t n, struct log_record *ret)
{
	const char *blank = memchr(p, ' ', n);
	size_t head = sizeof("stdout F ") - 1;

	if (!blank || n - (size_t)(blank + 1 - p) < head)
		return false;
	const char *at = blank + 1;
	bool is_err = memcmp(at, "stderr ", 7) == 0;
	if ((!is_err && memcmp(at, "stdout ", 7) != 0) || (at[7] != 'F' && at[7] != 'P') ||
	    at[8] != ' ')
		return false;
	*ret = (struct log_record){
		.stamp = p,
		.stamp_len = (size_t)(blank - p),
		.is_err = is_err,
		.ends_line = at[7] == 'F',
		.text = at + head,
		.len = n - (size_t)(at + head - p),
	};
	return true;
}

/* ---- moments ----------------------------------------------------------------------------------*/

/* "Z", "+02:00" or nothing: seconds east of Greenwich. */
static bool read_zone(const char *text, int *ret)
{
	int h, m, n = 0;

	*ret = 0;
	if (!*text || str_eq(text, "Z"))
		return true;
	if ((*text != '+' && *text != '-') || sscanf(text + 1, "%2d:%2d%n", &h, &m, &n) != 2 ||
	    text[1 + n])
		return false;
	*ret = (h * 60 + m) * (*text == '-' ? -60 : 60);
	return true;
}

static bool read_calendar(const char *text, int64_t *ret, unsigned *ret_ns)
{
	const char *at = clock_read(text, ret, ret_ns);
	int zone;

	if (!at || !read_zone(at, &zone))
		return false;
	*ret -= zone;
	return true;
}

/* "90s", "10m", "1h30m", "2d": seconds. */
static bool read_age(const char *text, int64_t *ret)
{
	static const char units[] = "smhd";
	static const int seconds[] = {1, 60, 3600, 86400};
	int64_t sum = 0;

	while (*text) {
		char *end;
		long n = strtol(text, &end, 10);
		const char *unit = end != text && *end && n >= 0 ? strchr(units, *end) : NULL;
		if (!unit)
			return false;
		sum += n * (int64_t)seconds[unit - units];
		text = end + 1;
	}
	*ret = sum;
	return true;
}

int log_moment(const char *text, int64_t now, char buf[LOG_STAMP_MAX], struct err *err)
{
	int64_t seconds;
	unsigned ns = 0;

	if (num_i64(text, &seconds) < 0 && !read_calendar(text, &seconds, &ns)) {
		if (!*text || !read_age(text, &seconds))
			return err_say(err, EINVAL,
				       "\"%.40s\" is no moment such as 2026-01-02T03:04:05Z or 10m",
				       text);
		seconds = now - seconds;
	}
	clock_text(buf, seconds, ns);
	return 0;
}

/* ---- files ------------------------------------------------------------------------------------*/

static void file_name(char buf[16], int i)
{
	if (i)
		snprintf(buf, 16, "log.%d", i);
	else
		snprintf(buf, 16, "log");
}

/* Opens the i-th; -ENOENT. */
static int open_file(struct logfile *l, int i)
{
	struct stat st;
	char name[16];

	file_name(name, i);
	auto_fd int fd = openat(l->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	auto_close_fd(&l->fd);
	l->fd = steal_fd(&fd);
	l->ino = st.st_ino;
	return 0;
}

static int oldest(const struct logfile *l)
{
	char name[16];
	int i = 0;

	for (int next = 1; next < FILES_MAX; next++) {
		file_name(name, next);
		if (faccessat(l->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			i = next;
	}
	return i;
}

/* The one behind the present one: it may have been rotated away meanwhile. 1: there is one. */
static int next_file(struct logfile *l)
{
	struct stat st;
	char name[16];

	for (int i = 0; i < FILES_MAX; i++) {
		file_name(name, i);
		if (fstatat(l->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_ino != l->ino)
			continue;
		return i == 0 ? 0 : open_file(l, i - 1) == 0;
	}
	return open_file(l, oldest(l)) == 0;
}

int logfile_open(const char *dir, struct logfile *ret, struct err *err)
{
	struct logfile l = {.dir = -1, .fd = -1};

	l.dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = l.dir < 0 ? -errno : open_file(&l, oldest(&l));
	if (r < 0) {
		logfile_clear(&l);
		return err_set(err, r, "open the log in %s", dir);
	}
	*ret = l;
	return 0;
}

void logfile_clear(struct logfile *l)
{
	auto_close_fd(&l->dir);
	auto_close_fd(&l->fd);
	str_clear(&l->rest);
	l->dir = l->fd = -1;
}

/* 1: more was read; 0: the end, for now. */
static int read_more(struct logfile *l)
{
	if (l->at) {
		memmove(l->rest.p, l->rest.p + l->at, l->rest.len - l->at);
		l->rest.len -= l->at;
		l->at = 0;
	}
	char *room = str_grow(&l->rest, CHUNK);
	l->rest.len -= CHUNK;
	ssize_t n = read(l->fd, room, CHUNK);
	if (n < 0)
		return -errno;
	l->rest.len += (size_t)n;
	return n > 0 ? 1 : next_file(l);
}

int logfile_next(struct logfile *l, struct log_record *ret, struct err *err)
{
	for (;;) {
		const char *p = l->rest.p + l->at;
		size_t n = l->rest.len - l->at;
		const char *end = n ? memchr(p, '\n', n) : NULL;
		if (!end) {
			int r = read_more(l);
			if (r < 0)
				return err_set(err, r, "read the log");
			if (r == 0)
				return 0;
			continue;
		}
		l->at += (size_t)(end + 1 - p);
		if (log_parse(p, (size_t)(end - p), ret))
			return 1;
	}
}
