/* SPDX-License-Identifier: Apache-2.0 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "image/unpack/tar.h"
#include "runtime/base/str.h"

enum { ENTRIES_MAX = 5000000 };
static const int64_t file_max = 1LL << 40;

/* What libarchive's callback needs. */
struct source {
	struct archive *a;
	struct inflate *in;
	struct err err; /* of the stream */
};

static la_ssize_t next_block(struct archive *a, void *data, const void **ret)
{
	struct source *s = data;
	int64_t n = inflate_next(s->in, ret, &s->err);

	if (n < 0)
		archive_set_error(a, (int)-n, "%s", s->err.msg);
	return n < 0 ? -1 : (la_ssize_t)n;
}

static int archive_failed(const struct source *s, struct err *err)
{
	const char *why = archive_error_string(s->a);

	if (s->err.num) {
		*err = s->err;
		return -err->num;
	}
	return err_say(err, EBADMSG, "the layer is no valid tar: %.200s", why ? why : "unknown");
}

/* write(2) may write less. */
static int write_at(int fd, const void *p, size_t n, int64_t at, struct err *err)
{
	for (const char *from = p; n;) {
		ssize_t w = pwrite(fd, from, n, at);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return err_set(err, errno, "write the file");
		from += w;
		at += w;
		n -= (size_t)w;
	}
	return 0;
}

static int write_file(const struct source *s, int fd, int64_t size, struct err *err)
{
	int64_t at, end = 0;
	const void *p;
	size_t n;

	for (;;) {
		int r = archive_read_data_block(s->a, &p, &n, &at);
		if (r == ARCHIVE_EOF)
			break;
		if (r < ARCHIVE_WARN)
			return archive_failed(s, err);
		if (at < 0 || at > size || (int64_t)n > size - at)
			return err_say(err, EBADMSG, "the file is longer than it says");
		if (write_at(fd, p, n, at, err) < 0)
			return -err->num;
		end = at + (int64_t)n;
	}
	return end < size && ftruncate(fd, size) < 0 ? err_set(err, errno, "set the size") : 0;
}

static int put_file(const struct source *s, struct archive_entry *e, struct tree *to,
		    const char *name, const struct tree_entry *what, struct err *err)
{
	int64_t size = archive_entry_size(e);

	if (size < 0 || size > file_max)
		return err_say(err, EFBIG, "a file of %lld bytes", (long long)size);
	int fd = tree_file(to, name, what, err);
	if (fd < 0)
		return fd;
	if (write_file(s, fd, size, err) < 0) {
		close(fd);
		return -err->num;
	}
	return tree_close(fd, what, err);
}

static int put_xattrs(struct archive_entry *e, struct tree *to, const char *name, struct err *err)
{
	const char *key;
	const void *value;
	size_t n;

	archive_entry_xattr_reset(e);
	while (archive_entry_xattr_next(e, &key, &value, &n) == ARCHIVE_OK)
		if (key && tree_xattr(to, name, key, value, n, err) < 0)
			return -err->num;
	return 0;
}

static int put_entry(const struct source *s, struct archive_entry *e, struct tree *to,
		     const char *name, struct err *err)
{
	const char *link = archive_entry_hardlink(e), *symlink = archive_entry_symlink(e);
	int64_t uid = archive_entry_uid(e), gid = archive_entry_gid(e);
	const struct tree_entry what = {
		.mode = archive_entry_mode(e),
		.uid = (uint32_t)uid,
		.gid = (uint32_t)gid,
		.mtime = {archive_entry_mtime(e), archive_entry_mtime_nsec(e)},
		.target = symlink ? symlink : "",
	};

	if (tree_is_sign(to, name))
		return tree_sign(to, name, err);
	if (link)
		return tree_link(to, name, link, err);
	if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
		return err_say(err, EINVAL, "it belongs to %lld:%lld", (long long)uid,
			       (long long)gid);
	int r = S_ISREG(what.mode) ? put_file(s, e, to, name, &what, err)
				   : tree_make(to, name, &what, err);
	bool is_made = S_ISREG(what.mode) || S_ISDIR(what.mode);
	return r < 0 || !is_made || !archive_entry_xattr_count(e) ? r
								  : put_xattrs(e, to, name, err);
}

/* A name for a message: on one line. */
static void add_name(struct err *err, const char *name)
{
	char shown[160];
	size_t n = 0;

	for (; n < sizeof(shown) - 1 && name[n]; n++)
		shown[n] = (char)((unsigned char)name[n] < ' ' || name[n] == 0x7f ? '?' : name[n]);
	shown[n] = 0;
	err_wrap(err, "entry \"%s\"", shown);
}

static int unpack_all(const struct source *s, struct tree *to, struct err *err)
{
	struct archive_entry *e;
	const char *name;

	for (size_t n = 0;; n++) {
		int r = archive_read_next_header(s->a, &e);
		if (r == ARCHIVE_EOF)
			return 0;
		if (r < ARCHIVE_WARN)
			return archive_failed(s, err);
		const char *raw = archive_entry_pathname(e);
		if (!raw)
			return err_say(err, EBADMSG, "an entry without a name");
		if (n >= ENTRIES_MAX)
			return err_say(err, E2BIG, "more than %d entries", ENTRIES_MAX);
		if (tree_name(to, raw, &name, err) < 0 || put_entry(s, e, to, name, err) < 0) {
			add_name(err, raw);
			return -err->num;
		}
	}
}

int tar_unpack(struct inflate *in, struct tree *to, struct err *err)
{
	struct archive *a = archive_read_new();
	struct source source = {.a = a, .in = in};
	const void *p;
	int64_t n;

	if (!a)
		return err_set(err, ENOMEM, "prepare to read a tar");
	archive_read_support_format_tar(a);
	archive_read_support_format_empty(a);
	int r = archive_read_open(a, &source, NULL, next_block, NULL) == ARCHIVE_OK
			? unpack_all(&source, to, err)
			: archive_failed(&source, err);
	archive_read_free(a);
	if (r < 0)
		return r;
	do
		n = inflate_next(in, &p, err);
	while (n > 0);
	return n < 0 ? (int)n : tree_end(to, err);
}
