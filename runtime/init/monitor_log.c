/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include "runtime/init/monitor.h"

enum { DAY = 86400, NAME = 16, DIGITS = 10 };

static char *put_number(char *at, uint64_t n, int digits)
{
	for (int i = digits - 1; i >= 0; i--, n /= DIGITS)
		at[i] = (char)('0' + n % DIGITS);
	return at + digits;
}

/* "2026-01-02T03:04:05.012345678Z ": the date is worked out once a day. */
static size_t stamp(struct mlog *l)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	int64_t day = now.tv_sec / DAY, rest = now.tv_sec % DAY;
	if (day != l->stamp_day) {
		struct tm tm;
		gmtime_r(&now.tv_sec, &tm);
		char *at = put_number(l->stamp, (uint64_t)tm.tm_year + 1900, 4);
		*at++ = '-';
		at = put_number(at, (uint64_t)tm.tm_mon + 1, 2);
		*at++ = '-';
		at = put_number(at, (uint64_t)tm.tm_mday, 2);
		*at = 'T';
		l->stamp_day = day;
	}
	char *at = put_number(l->stamp + sizeof("2026-01-02T") - 1, (uint64_t)rest / 3600, 2);
	*at++ = ':';
	at = put_number(at, (uint64_t)rest / 60 % 60, 2);
	*at++ = ':';
	at = put_number(at, (uint64_t)rest % 60, 2);
	*at++ = '.';
	at = put_number(at, (uint64_t)now.tv_nsec, 9);
	*at++ = 'Z';
	*at++ = ' ';
	return (size_t)(at - l->stamp);
}

/* "log", "log.1", "log.2" … */
static const char *file_name(char name[NAME], unsigned i)
{
	memcpy(name, "log.", 5);
	if (i == 0)
		name[3] = 0;
	else if (i < DIGITS)
		put_number(name + 4, i, 1)[0] = 0;
	else
		put_number(name + 4, i, 2)[0] = 0;
	return name;
}

static void open_file(struct mlog *l)
{
	struct stat st;

	l->fd = openat(l->dir, "log", O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);
	l->size = l->fd >= 0 && fstat(l->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void rotate(struct mlog *l)
{
	char from[NAME], to[NAME];

	for (unsigned i = l->n_files - 1; i > 0; i--)
		renameat(l->dir, file_name(from, i - 1), l->dir, file_name(to, i));
	if (l->n_files == 1)
		unlinkat(l->dir, "log", 0);
	if (l->fd >= 0)
		close(l->fd);
	open_file(l);
}

void mlog_open(struct mlog *l, const struct monitor_spec *s, const char *id)
{
	l->kind = (int)s->log;
	l->fd = l->dir = s->log_fd;
	l->id = id;
	l->n_files = s->log_files;
	l->max = s->log_size;
	l->stamp_day = -1;
	l->n = l->size = 0;
	l->in_line[0] = l->in_line[1] = false;
	if (l->kind == MONITOR_LOG_FILE)
		open_file(l);
}

/* All or nothing: half a record would spoil the next one, too. */
static void write_all(struct mlog *l)
{
	for (size_t done = 0; done < l->n;) {
		ssize_t n = write(l->fd, l->buffer + done, l->n - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (ftruncate(l->fd, (off_t)l->size) < 0)
				l->size += done;
			return;
		}
		done += (size_t)n;
	}
	l->size += l->n;
}

void mlog_flush(struct mlog *l)
{
	if (l->kind != MONITOR_LOG_FILE || !l->n)
		return;
	if (l->size && l->size + l->n > l->max)
		rotate(l);
	if (l->fd < 0)
		open_file(l);
	if (l->fd >= 0)
		write_all(l);
	l->n = 0;
}

static void put(struct mlog *l, const char *p, size_t n)
{
	memcpy(l->buffer + l->n, p, n);
	l->n += n;
}

static void to_file(struct mlog *l, int stream, bool ends, const char *p, size_t n, size_t stamped)
{
	const char *name = stream ? "stderr " : "stdout ";

	/* A buffer holds whole records. */
	if (l->n + stamped + n + NAME > sizeof(l->buffer) ||
	    (l->size + l->n && l->size + l->n + stamped + n + NAME > l->max))
		mlog_flush(l);
	put(l, l->stamp, stamped);
	put(l, name, 7);
	put(l, ends ? "F " : "P ", 2);
	put(l, p, n);
	put(l, "\n", 1);
}

/* systemd's native protocol: fields as lines. */
static void to_journal(const struct mlog *l, int stream, bool ends, const char *p, size_t n)
{
	static const char out[] = "PRIORITY=6\nMESSAGE=", err[] = "PRIORITY=3\nMESSAGE=";
	static const char partial[] = "\nCONTAINER_PARTIAL_MESSAGE=true", end[] = "\n";
	static const char id[] = "\nCONTAINER_NAME=", name[] = "\nSYSLOG_IDENTIFIER=";
#define PART(text, len)                                                                            \
	{                                                                                          \
		(char *)(uintptr_t)(text), (len)                                                   \
	}
	struct iovec parts[] = {
		PART(stream ? err : out, sizeof(out) - 1),
		PART(p, n),
		PART(id, sizeof(id) - 1),
		PART(l->id, strlen(l->id)),
		PART(name, sizeof(name) - 1),
		PART(l->id, strlen(l->id)),
		PART(partial, ends ? 0 : sizeof(partial) - 1),
		PART(end, 1),
	};
#undef PART
	struct msghdr msg = {.msg_iov = parts, .msg_iovlen = sizeof(parts) / sizeof(*parts)};

	sendmsg(l->fd, &msg, MSG_NOSIGNAL);
}

void mlog_take(struct mlog *l, int stream, const char *p, size_t n)
{
	if (l->kind == MONITOR_LOG_NONE || !n)
		return;
	size_t stamped = stamp(l);
	while (n) {
		const char *end = memchr(p, '\n', n);
		size_t len = end ? (size_t)(end - p) : n;
		if (l->kind == MONITOR_LOG_FILE)
			to_file(l, stream, end != NULL, p, len, stamped);
		else if (len)
			to_journal(l, stream, end != NULL, p, len);
		l->in_line[stream] = !end;
		p += len + (end != NULL);
		n -= len + (end != NULL);
	}
}
