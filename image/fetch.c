/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "image/digest.h"
#include "image/fetch.h"
#include "image/implied.h"
#include "image/sink.h"
#include "runtime/base/str.h"

enum { THREADS_MAX = 4, SHOW_MS = 100, TREE_NAME_MAX = 32 };

/* One layer, and what is to be done with it. */
struct job {
	const struct oci_descriptor *d;
	const char *diff_id, *chain;
	bool needs_blob, needs_tree;
	bool is_again; /* an earlier layer is the same blob: unpacked from what that one brings */
};

struct work {
	const struct store *store;
	struct source *source;
	struct stage stage;
	struct job *jobs;
	size_t n;
	struct fetch_progress *progress;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	size_t next, running;
	_Atomic bool stop;
	struct err err; /* the first one */
};

int fetch_document(struct source *source, const struct oci_descriptor *d, struct arena *mem,
		   const char **ret, struct err *err)
{
	auto_(str) struct str text = {0};
	int r = digest_check(d->digest, "a document", err);

	if (r < 0)
		return r;
	if (d->size > MANIFEST_SIZE_MAX)
		return err_say(err, EFBIG, "%s: a document of %llu bytes", d->digest,
			       (unsigned long long)d->size);
	struct sink sink = sink_new(d);
	sink.text = &text;
	if ((r = source->read(source, d, &sink, err)) < 0 || (r = sink_check(&sink, err)) < 0)
		return r;
	*ret = arena_copy(mem, text.p ? text.p : "", text.len);
	return 0;
}

/* ---- one layer --------------------------------------------------------------------------------*/

static const char *tree_name(size_t i, char *buf)
{
	snprintf(buf, TREE_NAME_MAX, "layer-%zu", i);
	return buf;
}

/* From the store, or from what this very fetch has brought. */
static int open_blob(const struct work *w, const struct job *j, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	int fd = openat(w->stage.fd, digest_hex(j->d->digest), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fd = openat(w->store->fd, store_blob_path(j->d->digest, &mem),
			    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? err_set(err, errno, "open %s", j->d->digest) : fd;
}

static int unpack_stored(struct work *w, size_t i, struct err *err)
{
	const struct job *j = &w->jobs[i];
	auto_(unpacker) struct unpacker u = UNPACKER_NONE;
	auto_fd int fd = open_blob(w, j, err);
	char name[TREE_NAME_MAX];

	if (fd < 0)
		return fd;
	const struct unpacker_want want = {
		.sub = tree_name(i, name), .from = fd, .diff_id = j->diff_id};
	int r = unpacker_start(&w->stage, &want, &u, err);
	return r < 0 ? r : unpacker_finish(&u, j->diff_id, NULL, err);
}

static int transfer(struct work *w, size_t i, struct err *err)
{
	const struct job *j = &w->jobs[i];
	auto_(unpacker) struct unpacker u = UNPACKER_NONE;
	char name[TREE_NAME_MAX];
	auto_fd int file = openat(w->stage.fd, digest_hex(j->d->digest),
				  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (file < 0)
		return err_set(err, errno, "make a file for %s", j->d->digest);
	const struct unpacker_want want = {
		.sub = tree_name(i, name), .from = -1, .diff_id = j->diff_id};
	if (j->needs_tree && unpacker_start(&w->stage, &want, &u, err) < 0)
		return -err->num;
	struct sink sink = sink_new(j->d);
	sink.file = file;
	sink.to = j->needs_tree ? &u : NULL;
	sink.done = &w->progress->layers[i].done;
	sink.stop = &w->stop;
	int r = w->source->read(w->source, j->d, &sink, err);
	if (r < 0 || (r = sink_check(&sink, err)) < 0)
		return r;
	return j->needs_tree ? unpacker_finish(&u, j->diff_id, NULL, err) : 0;
}

static int do_job(struct work *w, size_t i, struct err *err)
{
	const struct job *j = &w->jobs[i];
	int r = j->needs_blob ? transfer(w, i, err) : j->needs_tree ? unpack_stored(w, i, err) : 0;

	if (r < 0)
		return err_wrap(err, "layer %zu", i + 1);
	w->progress->layers[i].done = j->d->size;
	w->progress->layers[i].is_ready = true;
	return 0;
}

/* ---- all of them ------------------------------------------------------------------------------*/

static void *run_jobs(void *ctx)
{
	struct work *w = ctx;

	pthread_mutex_lock(&w->lock);
	while (!w->stop && w->next < w->n) {
		size_t i = w->next++;
		struct err err = {0};
		if (w->jobs[i].is_again)
			continue;
		pthread_mutex_unlock(&w->lock);
		int r = do_job(w, i, &err);
		pthread_mutex_lock(&w->lock);
		if (r < 0 && !w->stop) {
			w->err = err;
			w->stop = true;
		}
	}
	w->running--;
	pthread_cond_signal(&w->ended);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void wait_and_show(struct work *w, const struct fetch *f)
{
	pthread_mutex_lock(&w->lock);
	while (w->running) {
		struct timespec until;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += SHOW_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		pthread_cond_timedwait(&w->ended, &w->lock, &until);
		if (f->show)
			f->show(w->progress, false, f->show_ctx);
	}
	pthread_mutex_unlock(&w->lock);
}

static int run_threads(struct work *w, const struct fetch *f, struct err *err)
{
	pthread_t threads[THREADS_MAX];
	size_t n = 0;

	while (n < THREADS_MAX && n < w->n) {
		pthread_mutex_lock(&w->lock);
		w->running++;
		pthread_mutex_unlock(&w->lock);
		int num = pthread_create(&threads[n], NULL, run_jobs, w);
		if (num) {
			pthread_mutex_lock(&w->lock);
			w->running--;
			w->err = (struct err){0};
			if (n == 0)
				err_set(&w->err, num, "start a thread");
			w->stop = n == 0;
			pthread_mutex_unlock(&w->lock);
			break;
		}
		n++;
	}
	wait_and_show(w, f);
	for (size_t i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	if (w->stop) {
		*err = w->err;
		return -err->num;
	}
	for (size_t i = 0; i < w->n; i++)
		if (w->jobs[i].is_again && do_job(w, i, err) < 0)
			return -err->num;
	return 0;
}

static void plan_jobs(struct work *w)
{
	for (size_t i = 0; i < w->n; i++) {
		struct job *j = &w->jobs[i];
		j->needs_blob = !store_has_blob(w->store, j->d->digest, j->d->size);
		j->needs_tree = store_layer(w->store, j->chain) == LAYER_MISSING;
		for (size_t k = 0; k < i; k++)
			if (w->jobs[k].needs_blob && str_eq(w->jobs[k].d->digest, j->d->digest)) {
				j->needs_blob = false;
				j->is_again = true;
			}
		w->progress->layers[i].digest = j->d->digest;
		w->progress->layers[i].size = j->d->size;
	}
	w->progress->n = w->n;
}

/* Where the layer's tree is now, from the store's directory. */
static const char *tree_path(const struct work *w, size_t i, struct arena *mem)
{
	char sub[TREE_NAME_MAX];

	if (!w->jobs[i].needs_tree)
		return store_layer_path(w->jobs[i].chain, store_layer(w->store, w->jobs[i].chain),
					mem);
	const char *dir = arena_printf(mem, "tmp/%s/%s", w->stage.name, tree_name(i, sub));
	const char *tree = arena_printf(mem, "%s/tree", dir);
	return faccessat(w->store->fd, tree, F_OK, 0) == 0 ? tree
							   : arena_printf(mem, "%s/opaque", dir);
}

static int settle(struct work *w, struct arena *mem, struct err *err)
{
	const char **trees = arena_zalloc(mem, w->n, sizeof(*trees));
	char sub[TREE_NAME_MAX];

	for (size_t i = 0; i < w->n; i++) {
		const char *layer =
			arena_printf(mem, "tmp/%s/%s", w->stage.name, tree_name(i, sub));
		if (w->jobs[i].needs_tree && implied_settle(w->store->fd, layer, trees, i, err) < 0)
			return -err->num;
		trees[i] = tree_path(w, i, mem);
	}
	return 0;
}

/* What was staged becomes part of the store: first it reaches the disk, then it gets its place. */
static int commit(struct work *w, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	char sub[TREE_NAME_MAX];

	if (settle(w, &mem, err) < 0 || stage_sync(&w->stage, err) < 0)
		return -err->num;
	for (size_t i = 0; i < w->n; i++) {
		const struct job *j = &w->jobs[i];
		if (j->needs_blob && stage_commit(&w->stage, digest_hex(j->d->digest),
						  store_blob_path(j->d->digest, &mem), err) < 0)
			return -err->num;
		if (j->needs_tree &&
		    stage_commit(&w->stage, tree_name(i, sub),
				 arena_printf(&mem, "layers/%s", digest_hex(j->chain)), err) < 0)
			return -err->num;
	}
	return 0;
}

static int run_work(struct work *w, const struct fetch *f, struct err *err)
{
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->ended, NULL);
	plan_jobs(w);
	int r = run_threads(w, f, err);
	if (f->show)
		f->show(w->progress, true, f->show_ctx);
	if (r == 0)
		r = commit(w, err);
	pthread_cond_destroy(&w->ended);
	pthread_mutex_destroy(&w->lock);
	return r;
}

static struct job *make_jobs(const struct oci *manifest, const struct oci_image *config,
			     struct arena *mem)
{
	struct job *jobs = arena_zalloc(mem, manifest->n_layers, sizeof(*jobs));

	for (size_t i = 0; i < manifest->n_layers; i++)
		jobs[i] = (struct job){
			.d = &manifest->layers[i],
			.diff_id = config->rootfs->diff_ids[i],
			.chain = digest_chain(i ? jobs[i - 1].chain : NULL,
					      config->rootfs->diff_ids[i], mem),
		};
	return jobs;
}

/* ---- images -----------------------------------------------------------------------------------*/

/* The manifest that an index or a name leads to. */
struct found {
	struct oci_descriptor d;
	const char *text;
	struct oci *doc;
};

static int find_manifest(const struct fetch *f, const struct oci_descriptor *top, struct arena *mem,
			 struct found *ret, struct err *err)
{
	const struct platform own = platform_own();
	struct found x = {.d = *top};

	for (int depth = 0; depth <= INDEX_DEPTH_MAX; depth++) {
		int r = fetch_document(f->source, &x.d, mem, &x.text, err);
		if (r < 0 ||
		    (r = manifest_decode(x.text, x.d.size, *x.d.media_type ? x.d.media_type : NULL,
					 mem, &x.doc, err)) < 0)
			return r;
		if (!x.doc->manifests) {
			if (!*x.d.media_type)
				x.d.media_type =
					x.doc->media_type ? x.doc->media_type : MEDIA_MANIFEST;
			*ret = x;
			return 0;
		}
		r = platform_choose(x.doc, f->platform ? f->platform : &own, err);
		if (r < 0)
			return r;
		x.d = x.doc->manifests[r];
	}
	return err_say(err, ELOOP, "an index in an index in an index");
}

static int check_platform(const struct fetch *f, const struct oci_image *config, struct err *err)
{
	const struct oci_platform p = {
		.os = config->os, .architecture = config->architecture, .variant = config->variant};

	if (!f->platform || platform_fits(&p, f->platform))
		return 0;
	return err_say(err, ENOENT, "the image is for %s/%s, not for %s/%s", p.os, p.architecture,
		       f->platform->os, f->platform->arch);
}

static int fetch_layers(const struct fetch *f, const struct oci *manifest,
			const struct oci_image *config, struct work *w, struct arena *mem,
			struct err *err)
{
	w->store = f->store;
	w->source = f->source;
	w->jobs = make_jobs(manifest, config, mem);
	w->n = manifest->n_layers;
	w->progress = arena_zalloc(mem, 1, sizeof(*w->progress));
	return run_work(w, f, err);
}

int fetch_image(const struct fetch *f, const struct oci_descriptor *top, struct arena *mem,
		const char **ret_id, struct err *err)
{
	struct work w = {.stage = STAGE_NONE};
	struct found found = {0};
	struct oci_image *config = NULL;
	const char *config_text = "";

	int r = find_manifest(f, top, mem, &found, err);
	if (r < 0 || !found.doc)
		return r;
	const struct oci_descriptor *c = found.doc->config;
	if ((r = fetch_document(f->source, c, mem, &config_text, err)) < 0 ||
	    (r = image_config_decode(config_text, c->size, found.doc->n_layers, mem, &config,
				     err)) < 0 ||
	    !config || (r = check_platform(f, config, err)) < 0 ||
	    (r = stage_open(f->store, &w.stage, err)) < 0)
		return r;
	r = fetch_layers(f, found.doc, config, &w, mem, err);
	if (r == 0)
		r = stage_put_named(&w.stage, c->digest, config_text, c->size, err);
	if (r == 0)
		r = stage_put_named(&w.stage, found.d.digest, found.text, found.d.size, err);
	stage_clear(&w.stage);
	if (r == 0)
		r = store_name(f->store, f->name, &found.d, top->digest, err);
	if (r == 0)
		*ret_id = c->digest;
	return r;
}

int fetch_unpack(const struct store *s, const struct stored *image, struct err *err)
{
	auto_(arena) struct arena mem = {0};
	const struct fetch f = {.store = s};
	struct work w = {.stage = STAGE_NONE};
	int r = stage_open(s, &w.stage, err);

	if (r < 0)
		return r;
	r = fetch_layers(&f, image->manifest, image->config, &w, &mem, err);
	stage_clear(&w.stage);
	return r;
}
