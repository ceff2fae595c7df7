/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/digest.h"
#include "image/layout.h"
#include "image/store.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"
#include "runtime/config/decode.h"

enum { COPY_SIZE = 256 << 10, INDEX_MAX = 16 << 20 };

/* A regular file of the directory. */
static int open_file(int root, const char *path, struct err *err)
{
	struct stat st;
	auto_fd int fd = path_open_in(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return err_set(err, fd, "open %.120s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_say(err, EINVAL, "%.120s is not a regular file", path);
	return steal_fd(&fd);
}

static int copy(int fd, struct sink *to, struct err *err)
{
	auto_free char *buf = mem_zalloc(1, COPY_SIZE);

	for (;;) {
		ssize_t n = read(fd, buf, COPY_SIZE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, errno, "read a blob");
		if (n == 0)
			return 0;
		int r = sink_write(to, buf, (size_t)n, err);
		if (r < 0)
			return r;
	}
}

static int read_blob(struct source *s, const struct oci_descriptor *d, struct sink *to,
		     struct err *err)
{
	const struct layout *l = (const struct layout *)(const void *)s; /* its first member */
	auto_(arena) struct arena mem = {0};
	auto_fd int fd = open_file(l->root, store_blob_path(d->digest, &mem), err);

	return fd < 0 ? fd : copy(fd, to, err);
}

static int read_text(int root, const char *name, struct str *ret, struct err *err)
{
	auto_fd int fd = open_file(root, name, err);

	if (fd < 0)
		return fd;
	int r = fd_read_all(fd, INDEX_MAX, ret);
	return r < 0 ? err_set(err, r, "read %s", name) : 0;
}

static int open_docker(struct layout *l, struct err *err)
{
	auto_(str) struct str list = {0}, text = {0};
	void *any = NULL;
	int r = read_text(l->root, "manifest.json", &list, err);

	if (r < 0)
		return r;
	/* The decoder wants an object. */
	str_add(&text, "{\"images\":");
	str_add(&text, list.p ? list.p : "");
	str_add_char(&text, '}');
	r = decode_object(&oci_archive_table, text.p, text.len, &l->mem, &any, err);
	if (r < 0)
		return err_wrap(err, "manifest.json");
	l->saved = any;
	return 0;
}

static int open_oci(struct layout *l, struct err *err)
{
	auto_(str) struct str text = {0};
	int r = read_text(l->root, "index.json", &text, err);

	return r < 0 ? r
		     : manifest_decode(text.p ? text.p : "", text.len, NULL, &l->mem, &l->index,
				       err);
}

int layout_open(int root, bool prefers_docker, struct layout *ret, struct err *err)
{
	struct layout l = {.source = {read_blob}, .root = root};
	struct err other = {0};
	int r = prefers_docker ? open_docker(&l, err) : open_oci(&l, err);

	if (r == -ENOENT)
		r = prefers_docker ? open_oci(&l, &other) : open_docker(&l, &other);
	if (r == -ENOENT && other.num == ENOENT)
		err_say(err, EINVAL, "neither index.json nor manifest.json is there: no image");
	else if (r < 0 && other.num)
		*err = other;
	if (r == 0 && l.index && !l.index->manifests)
		r = err_say(err, EINVAL, "index.json is no index");
	if (r < 0) {
		layout_clear(&l);
		return -err->num;
	}
	*ret = l;
	return 0;
}

void layout_clear(struct layout *l)
{
	if (l->root >= 0)
		close(l->root);
	arena_clear(&l->mem);
	*l = (struct layout)LAYOUT_NONE;
}

int layout_find(const struct layout *l, const char *name, const struct oci_descriptor **ret,
		struct err *err)
{
	size_t n = l->index->n_manifests;
	uint64_t at;

	if (!name && n == 1) {
		*ret = &l->index->manifests[0];
		return 0;
	}
	if (!name)
		return err_say(err, EINVAL, "there are %zu images: say which one by its name", n);
	if (*name == '@' && num_u64(name + 1, &at) == 0 && at < n) {
		*ret = &l->index->manifests[at];
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		const char *there = store_note(&l->index->manifests[i], STORE_NAME);
		if (there && str_eq(there, name)) {
			*ret = &l->index->manifests[i];
			return 0;
		}
	}
	return err_say(err, ENOENT, "there is no image \"%.100s\"", name);
}
