/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "image/digest.h"
#include "image/store.h"
#include "runtime/base/fd.h"
#include "runtime/base/json.h"
#include "runtime/base/path.h"
#include "runtime/config/decode.h"
#include "runtime/config/encode.h"

enum { INDEX_SIZE_MAX = 16 << 20, LOCK_STEP_MS = 20 };

static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

const char *store_default_dir(struct arena *mem)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (geteuid() == 0)
		return "/var/lib/ctr/images";
	if (data && *data == '/')
		return arena_printf(mem, "%s/ctr/images", data);
	return arena_printf(mem, "%s/.local/share/ctr/images", home ? home : "/nowhere");
}

static int make_parts(const struct store *s, struct err *err)
{
	static const char *const dirs[] = {"blobs",  "blobs/sha256", "blobs/sha512",
					   "layers", "containers",   "tmp"};

	if (faccessat(s->fd, "oci-layout", F_OK, 0) == 0)
		return 0;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		if (mkdirat(s->fd, dirs[i], 0700) < 0 && errno != EEXIST)
			return err_set(err, errno, "make %s/%s", s->dir, dirs[i]);
	int r = fd_replace(s->fd, "oci-layout", layout, sizeof(layout) - 1, 0600);
	return r < 0 ? err_set(err, r, "make %s/oci-layout", s->dir) : 0;
}

int store_open(const char *dir, bool create, struct store *ret, struct err *err)
{
	struct store s = {dir, -1, -1};
	int r = 0;

	s.fd = create ? path_make_dir(dir, 0700) : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s.fd < 0) {
		int num = create ? s.fd : errno;
		s.fd = -1;
		err_set(err, num, "open the store of images %s", dir);
		if (err->num == ENOENT)
			err_code(err, "no-image");
		return -err->num;
	}
	if (create)
		r = make_parts(&s, err);
	if (r == 0) {
		s.lock = openat(s.fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (s.lock < 0 || flock(s.lock, LOCK_SH) < 0)
			r = err_set(err, errno, "lock %s", dir);
	}
	if (r < 0)
		store_clear(&s);
	else
		*ret = s;
	return r;
}

void store_clear(struct store *s)
{
	if (s->fd >= 0)
		close(s->fd);
	if (s->lock >= 0)
		close(s->lock);
	*s = (struct store)STORE_NONE;
}

int store_lock_alone(struct store *s, unsigned timeout_ms, struct err *err)
{
	for (unsigned waited = 0;; waited += LOCK_STEP_MS) {
		if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_set(err, errno, "lock %s", s->dir);
		if (waited >= timeout_ms)
			return err_say(err, EBUSY,
				       "the store is in use: an image is being fetched");
		nanosleep(&(struct timespec){.tv_nsec = LOCK_STEP_MS * 1000000L}, NULL);
	}
}

/* ---- the index --------------------------------------------------------------------------------*/

int store_index(const struct store *s, struct arena *mem, struct oci **ret, struct err *err)
{
	auto_(str) struct str text = {0};
	void *any = NULL;
	int r = fd_read_file(s->fd, "index.json", INDEX_SIZE_MAX, &text);

	if (r == -ENOENT) {
		*ret = arena_zalloc(mem, 1, sizeof(**ret));
		return 0;
	}
	if (r < 0)
		return err_set(err, r, "read %s/index.json", s->dir);
	r = decode_object(&oci_table, text.p ? text.p : "", text.len, mem, &any, err);
	if (r < 0)
		return err_wrap(err, "%s/index.json", s->dir);
	struct oci *index = any;
	for (size_t i = 0; i < index->n_manifests; i++)
		if (digest_check(index->manifests[i].digest, "index.json", err) < 0)
			return -err->num;
	*ret = index;
	return 0;
}

/* To disk before the rename, and the rename itself after it: the old index or the new one. */
static int write_index(const struct store *s, const struct oci *index, struct err *err)
{
	auto_(str) struct str text = {0};
	struct json_out out = {.s = &text};

	encode_object(&oci_table, index, &out, NULL);
	auto_fd int fd = openat(s->fd, ".index.json.new",
				O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(err, errno, "make a new %s/index.json", s->dir);
	int r = fd_write_all(fd, text.p, text.len);
	if (r < 0)
		return err_set(err, r, "write %s/index.json", s->dir);
	if (fsync(fd) < 0 || renameat(s->fd, ".index.json.new", s->fd, "index.json") < 0 ||
	    fsync(s->fd) < 0)
		return err_set(err, errno, "replace %s/index.json", s->dir);
	return 0;
}

int store_change(const struct store *s, int (*change)(struct oci *, void *, struct err *),
		 void *ctx, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	struct oci *index = NULL;
	auto_fd int lock =
		openat(s->fd, "index.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return err_set(err, errno, "lock %s/index.json", s->dir);
	int r = store_index(s, &mem, &index, err);
	if (r < 0 || !index || (r = change(index, ctx, err)) <= 0)
		return r;
	index->schema_version = 2;
	index->has_schema_version = true;
	return write_index(s, index, err);
}

const char *store_note(const struct oci_descriptor *d, const char *key)
{
	for (size_t i = 0; i < d->n_annotations; i++)
		if (str_eq(d->annotations[i].key, key))
			return d->annotations[i].value;
	return NULL;
}

struct naming {
	const char *name, *source;
	const struct oci_descriptor *d;
	struct arena mem;
};

static void drop(struct oci *index, size_t i)
{
	index->n_manifests--;
	memmove(&index->manifests[i], &index->manifests[i + 1],
		(index->n_manifests - i) * sizeof(*index->manifests));
}

static bool is_elsewhere(const struct oci *index, size_t i)
{
	for (size_t j = 0; j < index->n_manifests; j++)
		if (j != i && str_eq(index->manifests[j].digest, index->manifests[i].digest))
			return true;
	return false;
}

/* Entries of that name lose it; those of the same image without a name are not needed any more. */
static int put_name(struct oci *index, void *ctx, struct err *err)
{
	struct naming *n = ctx;

	(void)err;
	for (size_t i = 0; i < index->n_manifests;) {
		struct oci_descriptor *d = &index->manifests[i];
		const char *name = store_note(d, STORE_NAME);
		bool same = str_eq(d->digest, n->d->digest);
		if (name && n->name && str_eq(name, n->name)) {
			if (same || is_elsewhere(index, i)) {
				drop(index, i);
				continue;
			}
			d->n_annotations = 0;
		} else if (same && (!name || !n->name)) {
			if (!n->name)
				return 0;
			drop(index, i);
			continue;
		}
		i++;
	}
	size_t count = index->n_manifests + 1;
	struct oci_descriptor *all = arena_zalloc(&n->mem, count, sizeof(*all));
	struct config_kv *notes = arena_zalloc(&n->mem, 2, sizeof(*notes));
	size_t n_notes = 0;
	if (count > 1)
		memcpy(all, index->manifests, (count - 1) * sizeof(*all));
	if (n->name)
		notes[n_notes++] = (struct config_kv){STORE_NAME, n->name};
	if (n->source)
		notes[n_notes++] = (struct config_kv){STORE_SOURCE, n->source};
	all[count - 1] = (struct oci_descriptor){
		.media_type = n->d->media_type,
		.digest = n->d->digest,
		.size = n->d->size,
		.has_size = true,
		.annotations = n_notes ? notes : NULL,
		.n_annotations = n_notes,
	};
	index->manifests = all;
	index->n_manifests = count;
	return 1;
}

int store_name(const struct store *s, const char *name, const struct oci_descriptor *d,
	       const char *source, struct err *err)
{
	struct naming n = {name, source, d, {0}};
	int r = store_change(s, put_name, &n, err);

	arena_clear(&n.mem);
	return r;
}

/* ---- blobs and layers -------------------------------------------------------------------------*/

const char *store_blob_path(const char *digest, struct arena *mem)
{
	return arena_printf(mem, "blobs/%s/%s", digest_algorithm(digest), digest_hex(digest));
}

bool store_has_blob(const struct store *s, const char *digest, uint64_t size)
{
	auto_(arena) struct arena mem = {0};
	struct stat st;

	return fstatat(s->fd, store_blob_path(digest, &mem), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st.st_mode) && (uint64_t)st.st_size == size;
}

int store_read_blob(const struct store *s, const struct oci_descriptor *d, struct arena *mem,
		    const char **ret, struct err *err)
{
	auto_(str) struct str text = {0};
	int r = digest_check(d->digest, "a blob", err);

	if (r < 0)
		return r;
	r = fd_read_file(s->fd, store_blob_path(d->digest, mem), MANIFEST_SIZE_MAX, &text);
	if (r < 0)
		return err_set(err, r, "read the store's %s", d->digest);
	if (text.len != d->size)
		return err_say(err, EBADMSG, "the store's %s has %zu bytes, not %llu", d->digest,
			       text.len, (unsigned long long)d->size);
	r = digest_verify(d->digest, text.p ? text.p : "", text.len, "the store", err);
	if (r == 0)
		*ret = arena_copy(mem, text.p ? text.p : "", text.len);
	return r;
}

const char *store_layer_path(const char *chain, enum layer_state state, struct arena *mem)
{
	return arena_printf(mem, "layers/%s/%s", digest_hex(chain),
			    state == LAYER_OPAQUE ? "opaque" : "tree");
}

enum layer_state store_layer(const struct store *s, const char *chain)
{
	auto_(arena) struct arena mem = {0};

	for (enum layer_state state = LAYER_THERE; state <= LAYER_OPAQUE; state++)
		if (faccessat(s->fd, store_layer_path(chain, state, &mem), F_OK, 0) == 0)
			return state;
	return LAYER_MISSING;
}
