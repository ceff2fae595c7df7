/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "image/tarball.h"
#include "runtime/base/fd.h"
#include "runtime/base/mem.h"

enum { BLOCK = 512, COPY_SIZE = 256 << 10, ID_MAX = 07777777, DEVICE_MAX = 07777777 };
static const uint64_t octal_max = 077777777777; /* eleven digits */

/* POSIX ustar, field by field. */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
	char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], rest[12];
};

static int put_fd(struct tarball *t, const void *p, size_t n, struct err *err)
{
	int r = fd_write_all(t->fd, p, n);

	return r < 0 ? err_set(err, r, "write the archive") : 0;
}

struct tarball tarball_on(int fd)
{
	return (struct tarball){put_fd, fd};
}

/* ---- headers ----------------------------------------------------------------------------------*/

static void put_text(char *field, size_t size, const char *text)
{
	size_t n = strlen(text);

	memcpy(field, text, n < size ? n : size);
}

static void put_octal(char *field, int digits, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%0*llo", digits, (unsigned long long)value);
	memcpy(field, text, (size_t)digits + 1);
}

static char type_of(const struct tarball_thing *e)
{
	if (e->is_again)
		return '1';
	switch (e->st->st_mode & S_IFMT) {
	case S_IFDIR:
		return '5';
	case S_IFLNK:
		return '2';
	case S_IFCHR:
		return '3';
	case S_IFBLK:
		return '4';
	case S_IFIFO:
		return '6';
	default:
		return '0';
	}
}

static int put_header(struct tarball *t, struct header *h, struct err *err)
{
	const unsigned char *bytes = (const unsigned char *)h;
	unsigned sum = 0;

	_Static_assert(sizeof(*h) == BLOCK, "a header is one block");
	memcpy(h->magic, "ustar", sizeof(h->magic));
	memcpy(h->version, "00", sizeof(h->version));
	memset(h->checksum, ' ', sizeof(h->checksum));
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += bytes[i];
	put_octal(h->checksum, 6, sum & 0777777);
	return t->put(t, h, sizeof(*h), err);
}

static int pad(struct tarball *t, uint64_t n, struct err *err)
{
	static const char zeros[BLOCK];

	return n % BLOCK ? t->put(t, zeros, BLOCK - n % BLOCK, err) : 0;
}

/* ---- pax --------------------------------------------------------------------------------------*/

/* "LENGTH KEY=VALUE\n", where the length counts its own digits. */
void tarball_record(struct str *records, const char *key, const void *value, size_t n)
{
	size_t bare = strlen(key) + n + 3, length = bare + 1;
	char digits[24];

	while (length != bare + (size_t)snprintf(digits, sizeof(digits), "%zu", length))
		length = bare + strlen(digits);
	str_addf(records, "%s %s=", digits, key);
	str_add_mem(records, value, n);
	str_add_char(records, '\n');
}

static void record_number(struct str *records, const char *key, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	tarball_record(records, key, text, strlen(text));
}

static void record_text(struct str *records, const char *key, const char *text, size_t room)
{
	if (strlen(text) > room)
		tarball_record(records, key, text, strlen(text));
}

static int put_records(struct tarball *t, const struct str *records, struct err *err)
{
	struct header h = {.type = 'x'};

	if (!records->len)
		return 0;
	put_text(h.name, sizeof(h.name), "././@PaxHeader");
	put_octal(h.mode, 7, 0644);
	put_octal(h.uid, 7, 0);
	put_octal(h.gid, 7, 0);
	put_octal(h.size, 11, records->len);
	put_octal(h.mtime, 11, 0);
	int r = put_header(t, &h, err);
	if (r < 0 || (r = t->put(t, records->p, records->len, err)) < 0)
		return r;
	return pad(t, records->len, err);
}

int tarball_thing(struct tarball *t, const struct tarball_thing *e, struct err *err)
{
	const struct stat *st = e->st;
	struct header h = {.type = type_of(e)};
	const char *target = e->target ? e->target : "";
	uint64_t size = h.type == '0' ? (uint64_t)st->st_size : 0;
	int64_t mtime = st->st_mtime;
	auto_(str) struct str records = {0};

	record_text(&records, "path", e->name, sizeof(h.name));
	record_text(&records, "linkpath", target, sizeof(h.link));
	if (size > octal_max)
		record_number(&records, "size", (int64_t)size);
	if (st->st_uid > ID_MAX)
		record_number(&records, "uid", st->st_uid);
	if (st->st_gid > ID_MAX)
		record_number(&records, "gid", st->st_gid);
	if (mtime < 0 || (uint64_t)mtime > octal_max)
		record_number(&records, "mtime", mtime);
	if (e->records && e->records->len)
		str_add_mem(&records, e->records->p, e->records->len);
	int r = put_records(t, &records, err);
	if (r < 0)
		return r;
	put_text(h.name, sizeof(h.name), e->name);
	put_text(h.link, sizeof(h.link), target);
	put_octal(h.mode, 7, st->st_mode & 07777);
	put_octal(h.uid, 7, st->st_uid > ID_MAX ? 0 : st->st_uid);
	put_octal(h.gid, 7, st->st_gid > ID_MAX ? 0 : st->st_gid);
	put_octal(h.size, 11, size > octal_max ? 0 : size);
	put_octal(h.mtime, 11, mtime < 0 || (uint64_t)mtime > octal_max ? 0 : (uint64_t)mtime);
	if (h.type == '3' || h.type == '4') {
		put_octal(h.major, 7, major(st->st_rdev) & DEVICE_MAX);
		put_octal(h.minor, 7, minor(st->st_rdev) & DEVICE_MAX);
	}
	return put_header(t, &h, err);
}

int tarball_bytes(struct tarball *t, int from, uint64_t n, bool *ret_short, struct err *err)
{
	auto_free char *buf = mem_zalloc(1, COPY_SIZE);
	int r = 0;

	*ret_short = false;
	for (uint64_t left = n; r == 0 && left;) {
		size_t want = left < COPY_SIZE ? (size_t)left : COPY_SIZE;
		ssize_t got = *ret_short ? (ssize_t)want : read(from, buf, want);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, errno, "read it");
		if (got == 0) {
			*ret_short = true;
			memset(buf, 0, COPY_SIZE);
			continue;
		}
		r = t->put(t, buf, (size_t)got, err);
		left -= (uint64_t)got;
	}
	return r < 0 ? r : pad(t, n, err);
}

/* ---- the runtime's own ------------------------------------------------------------------------*/

static int put_own(struct tarball *t, const char *name, mode_t mode, uint64_t size, struct err *err)
{
	const struct stat st = {.st_mode = mode, .st_size = (off_t)size};
	const struct tarball_thing e = {.name = name, .st = &st};

	return tarball_thing(t, &e, err);
}

int tarball_dir(struct tarball *t, const char *name, struct err *err)
{
	return put_own(t, name, S_IFDIR | 0755, 0, err);
}

int tarball_text(struct tarball *t, const char *name, const void *p, uint64_t n, struct err *err)
{
	int r = put_own(t, name, S_IFREG | 0644, n, err);

	return r < 0 || (r = t->put(t, p, n, err)) < 0 ? r : pad(t, n, err);
}

int tarball_file(struct tarball *t, const char *name, int from, uint64_t n, struct err *err)
{
	bool is_short;
	int r = put_own(t, name, S_IFREG | 0644, n, err);

	if (r < 0 || tarball_bytes(t, from, n, &is_short, err) < 0)
		return err_wrap(err, "%s", name);
	return is_short ? err_set(err, ENODATA, "read %s", name) : 0;
}

int tarball_end(struct tarball *t, struct err *err)
{
	static const char zeros[2 * BLOCK];

	return t->put(t, zeros, sizeof(zeros), err);
}
