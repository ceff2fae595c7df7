/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/check.h"
#include "image/digest.h"
#include "image/gc.h"
#include "image/snapshot.h"
#include "runtime/base/path.h"
#include "runtime/walk.h"

enum { READ_SIZE = 1 << 20 };

void check_clear(struct check *c)
{
	str_clear(&c->text);
}

void check_line(struct check *c, bool is_mended, const char *fmt, ...)
{
	char line[1000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	str_addf(&c->text, "%s%s\n", line, is_mended ? ": mended" : "");
	c->n_found++;
	c->n_mended += is_mended;
}

static int list(const struct store *s, const char *path, struct arena *mem, struct words *ret,
		struct err *err)
{
	auto_fd int dir = openat(s->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = dir < 0 ? -errno : walk_names(dir, ret, mem);

	return r < 0 && r != -ENOENT ? err_set(err, r, "read %s/%s", s->dir, path) : 0;
}

/* ---- blobs ------------------------------------------------------------------------------------*/

static int hash(int fd, enum digest_kind kind, char *ret)
{
	auto_free char *buf = mem_zalloc(1, READ_SIZE);
	struct digest d;
	ssize_t n;

	digest_begin(&d, kind);
	while ((n = read(fd, buf, READ_SIZE)) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			digest_add(&d, buf, (size_t)n);
	}
	digest_end(&d, ret);
	return 0;
}

static void check_blob(const struct store *s, const char *algorithm, const char *hex,
		       struct check *c)
{
	enum digest_kind kind = str_eq(algorithm, "sha512") ? DIGEST_SHA512 : DIGEST_SHA256;
	auto_(arena) struct arena mem = {0};
	const char *path = arena_printf(&mem, "blobs/%s/%s", algorithm, hex);
	char found[DIGEST_TEXT_MAX] = "";
	auto_fd int fd = openat(s->fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return;
	int r = fd < 0 ? -errno : hash(fd, kind, found);
	if (r == 0 && str_eq(found, arena_printf(&mem, "%s:%s", algorithm, hex)))
		return;
	bool is_mended = c->repairs && path_remove_tree(s->fd, path) == 0;
	if (r < 0)
		check_line(c, is_mended, "%s: it can't be read", path);
	else
		check_line(c, is_mended, "%s: its bytes are %s", path, found);
}

static int check_blobs(const struct store *s, struct check *c, struct err *err)
{
	static const char *const algorithms[] = {"sha256", "sha512"};
	auto_(arena) struct arena mem = {0};

	for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++) {
		struct words names = {0};
		const char *path = arena_printf(&mem, "blobs/%s", algorithms[i]);
		if (list(s, path, &mem, &names, err) < 0)
			return -err->num;
		for (size_t k = 0; k < names.n; k++)
			check_blob(s, algorithms[i], names.v[k], c);
	}
	return 0;
}

/* ---- images -----------------------------------------------------------------------------------*/

static void check_parts(const struct store *s, const struct stored *image, const char *name,
			struct check *c)
{
	size_t missing = 0, unpacked = 0;

	for (size_t i = 0; i < image->n_layers; i++) {
		const struct oci_descriptor *d = &image->manifest->layers[i];
		missing += !store_has_blob(s, d->digest, d->size);
		unpacked += store_layer(s, image->chains[i]) != LAYER_MISSING;
	}
	if (missing)
		check_line(c, false, "image %s: %zu of %zu layers are missing%s (ctr pull %s)",
			   name, missing, image->n_layers,
			   unpacked == image->n_layers ? ", though it can be run" : "",
			   image->name ? image->name : "NAME");
}

static int check_images(const struct store *s, struct check *c, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	struct oci *index = NULL;
	int r = store_index(s, &mem, &index, err);

	for (size_t i = 0; r >= 0 && index && i < index->n_manifests; i++) {
		const struct oci_descriptor *d = &index->manifests[i];
		const char *name = store_note(d, STORE_NAME);
		struct err broken = {0};
		struct stored image = {0};
		char why[600];
		if (store_image(s, d, &mem, &image, &broken) == 0) {
			check_parts(s, &image, name ? name : d->digest, c);
			continue;
		}
		if (c->repairs)
			r = gc_untag(s, NULL, d->digest, err);
		check_line(c, c->repairs && r >= 0, "image %s: %s", name ? name : d->digest,
			   err_text(&broken, why, sizeof(why)));
	}
	return r < 0 ? r : 0;
}

/* ---- layers and what containers have of them --------------------------------------------------*/

/* Such a one never comes to be: its directory gets its name when it is complete. */
static int check_layers(const struct store *s, struct check *c, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	struct words names = {0};
	int r = list(s, "layers", &mem, &names, err);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		const char *path = arena_printf(&mem, "layers/%s", names.v[i]);
		char digest[DIGEST_TEXT_MAX];
		snprintf(digest, sizeof(digest), "sha256:%.120s", names.v[i]);
		if (digest_ok(digest) && store_layer(s, digest) != LAYER_MISSING)
			continue;
		bool is_mended = c->repairs && path_remove_tree(s->fd, path) == 0;
		check_line(c, is_mended, "%s: no layer is in it", path);
	}
	return r;
}

/* What snapshot_is_left says of containers/, and of tmp/ that nobody holds its lock. */
static int check_left(const struct store *s, bool is_tmp, struct check *c, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	const char *dir = is_tmp ? "tmp" : "containers";
	struct words names = {0};
	int r = list(s, dir, &mem, &names, err);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		const char *path = arena_printf(&mem, "%s/%s", dir, names.v[i]);
		auto_fd int fd =
			openat(s->fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		bool is_left = fd >= 0 &&
			       (is_tmp ? flock(fd, LOCK_EX | LOCK_NB) == 0 : snapshot_is_left(fd));
		if (!is_left)
			continue;
		bool is_mended = c->repairs && path_remove_tree(s->fd, path) == 0;
		check_line(c, is_mended, "%s: %s", path,
			   is_tmp ? "left by a command that was killed"
				  : "the writable layer of no container");
	}
	return r;
}

int check_store(const struct store *s, struct check *c, struct err *err)
{
	int r = check_blobs(s, c, err);

	if (r < 0 || (r = check_images(s, c, err)) < 0 || (r = check_layers(s, c, err)) < 0 ||
	    (r = check_left(s, false, c, err)) < 0)
		return r;
	return check_left(s, true, c, err);
}
