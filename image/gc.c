/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/digest.h"
#include "image/gc.h"
#include "image/snapshot.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"

enum { USES_MAX = 1 << 20 };

/* What is needed, by hexadecimal digits. */
struct marks {
	struct words blobs, layers;
	struct arena mem;
};

static void marks_clear(struct marks *m)
{
	arena_clear(&m->mem);
}

static bool has(const struct words *w, const char *text)
{
	for (size_t i = 0; i < w->n; i++)
		if (str_eq(w->v[i], text))
			return true;
	return false;
}

static void mark(struct words *w, const char *hex, struct marks *m)
{
	if (!has(w, hex))
		words_add(w, arena_str(&m->mem, hex), &m->mem);
}

/* ---- what is needed ---------------------------------------------------------------------------*/

static int mark_document(const struct store *s, const struct oci_descriptor *d, struct marks *m,
			 int depth, struct err *err)
{
	const char *text;
	struct oci *doc;

	mark(&m->blobs, digest_hex(d->digest), m);
	int r = store_read_blob(s, d, &m->mem, &text, err);
	if (r < 0 || (r = manifest_decode(text, d->size, *d->media_type ? d->media_type : NULL,
					  &m->mem, &doc, err)) < 0)
		return r;
	if (doc->config)
		mark(&m->blobs, digest_hex(doc->config->digest), m);
	for (size_t i = 0; i < doc->n_layers; i++)
		mark(&m->blobs, digest_hex(doc->layers[i].digest), m);
	/* Of an index only the chosen image need be here. */
	for (size_t i = 0; i < doc->n_manifests && depth < INDEX_DEPTH_MAX; i++)
		if (store_has_blob(s, doc->manifests[i].digest, doc->manifests[i].size) &&
		    (r = mark_document(s, &doc->manifests[i], m, depth + 1, err)) < 0)
			return r;
	return 0;
}

/* An image that can't be read might need anything: then nothing is collected. */
static int mark_images(const struct store *s, struct marks *m, struct err *err)
{
	struct stored image = {0};
	struct oci *index = NULL;
	int r = store_index(s, &m->mem, &index, err);

	for (size_t i = 0; r == 0 && i < index->n_manifests; i++) {
		const struct oci_descriptor *d = &index->manifests[i];
		r = mark_document(s, d, m, 0, err);
		if (r == 0)
			r = store_image(s, d, &m->mem, &image, err);
		for (size_t k = 0; r == 0 && k < image.n_layers; k++)
			mark(&m->layers, digest_hex(image.chains[k]), m);
		if (r < 0)
			err_wrap(err, "image %s", d->digest);
	}
	return r;
}

/* The lines of a container's `uses`: its record, its manifest, its layers. */
static struct words read_uses(int containers, const char *name, struct arena *mem)
{
	auto_(str) struct str text = {0};
	struct words lines = {0};
	const char *path = arena_printf(mem, "%s/uses", name);

	if (fd_read_file(containers, path, USES_MAX, &text) < 0 || !text.p)
		return lines;
	for (char *save = NULL, *line = strtok_r(text.p, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		words_add(&lines, arena_str(mem, line), mem);
	return lines;
}

/* The names in a directory of the store. */
static struct words list_dir(const struct store *s, const char *path, struct arena *mem)
{
	int fd = openat(s->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct words names = {0};

	if (!dir)
		return names;
	for (struct dirent *e; (e = readdir(dir));)
		if (e->d_name[0] != '.')
			words_add(&names, arena_str(mem, e->d_name), mem);
	closedir(dir);
	return names;
}

static bool is_left(int containers, const char *name)
{
	auto_fd int fd = openat(containers, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && snapshot_is_left(fd);
}

static int mark_containers(const struct store *s, struct marks *m, struct gc *g, struct err *err)
{
	struct words names = list_dir(s, "containers", &m->mem);
	auto_fd int dir = openat(s->fd, "containers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < names.n; i++) {
		if (is_left(dir, names.v[i])) {
			int r = path_remove_tree(dir, names.v[i]);
			if (r < 0)
				return err_set(err, r, "remove containers/%s", names.v[i]);
			g->n_left++;
			continue;
		}
		struct words lines = read_uses(dir, names.v[i], &m->mem);
		for (size_t k = 2; k < lines.n; k++)
			mark(&m->layers, lines.v[k], m);
	}
	return 0;
}

/* ---- the rest ---------------------------------------------------------------------------------*/

static int sweep_blobs(const struct store *s, const char *path, struct marks *m, struct gc *g,
		       struct err *err)
{
	struct words names = list_dir(s, path, &m->mem);
	auto_fd int dir = openat(s->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	for (size_t i = 0; i < names.n; i++) {
		if (has(&m->blobs, names.v[i]))
			continue;
		if (fstatat(dir, names.v[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			g->bytes += (uint64_t)st.st_size;
		if (unlinkat(dir, names.v[i], 0) < 0 && errno != ENOENT)
			return err_set(err, errno, "remove %s/%s", path, names.v[i]);
		g->n_blobs++;
	}
	return 0;
}

/* A tree takes long to delete: it goes into the stage, and away with that. */
static int sweep_layers(const struct store *s, const struct stage *stage, struct marks *m,
			struct gc *g, struct err *err)
{
	struct words names = list_dir(s, "layers", &m->mem);

	for (size_t i = 0; i < names.n; i++) {
		if (has(&m->layers, names.v[i]))
			continue;
		const char *path = arena_printf(&m->mem, "layers/%s", names.v[i]);
		if (renameat(s->fd, path, stage->fd, names.v[i]) < 0)
			return err_set(err, errno, "remove %s", path);
		g->n_layers++;
	}
	return 0;
}

int gc_run(struct store *s, struct gc *ret, struct err *err)
{
	auto_(marks) struct marks m = {0};
	auto_(stage) struct stage stage = STAGE_NONE;
	struct gc g = {0};

	int r = stage_open(s, &stage, err);
	if (r < 0 || (r = mark_images(s, &m, err)) < 0 ||
	    (r = mark_containers(s, &m, &g, err)) < 0 ||
	    (r = sweep_layers(s, &stage, &m, &g, err)) < 0 ||
	    (r = sweep_blobs(s, "blobs/sha256", &m, &g, err)) < 0 ||
	    (r = sweep_blobs(s, "blobs/sha512", &m, &g, err)) < 0)
		return r;
	flock(s->lock, LOCK_SH);
	*ret = g;
	return 0;
}

bool gc_is_used(const struct store *s, const char *manifest)
{
	auto_(arena) struct arena mem = {0};
	struct words names = list_dir(s, "containers", &mem);
	auto_fd int dir = openat(s->fd, "containers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < names.n; i++) {
		struct words lines = read_uses(dir, names.v[i], &mem);
		if (lines.n > 1 && str_eq(lines.v[1], manifest) && !is_left(dir, names.v[i]))
			return true;
	}
	return false;
}

/* ---- names ------------------------------------------------------------------------------------*/

struct untag {
	const struct store *s;
	const char *name, *manifest;
	int n;
};

static bool goes(const struct untag *u, const struct oci_descriptor *d)
{
	const char *name = store_note(d, STORE_NAME);

	if (u->name)
		return name && str_eq(name, u->name);
	if (u->manifest)
		return str_eq(d->digest, u->manifest);
	return !name && !gc_is_used(u->s, d->digest);
}

static int untag(struct oci *index, void *ctx, struct err *err)
{
	struct untag *u = ctx;
	size_t n = 0;

	(void)err;
	for (size_t i = 0; i < index->n_manifests; i++) {
		if (goes(u, &index->manifests[i]))
			u->n++;
		else
			index->manifests[n++] = index->manifests[i];
	}
	index->n_manifests = n;
	return u->n > 0;
}

int gc_untag(const struct store *s, const char *name, const char *manifest, struct err *err)
{
	struct untag u = {s, name, manifest, 0};
	int r = store_change(s, untag, &u, err);

	return r < 0 ? r : u.n;
}
