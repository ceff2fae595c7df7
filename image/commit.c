/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "image/change.h"
#include "image/commit.h"
#include "image/fetch.h"
#include "image/snapshot.h"
#include "image/unpacker.h"
#include "runtime/base/fd.h"
#include "runtime/base/json.h"
#include "runtime/config/encode.h"

enum { USES_MAX = 1 << 20, READ_SIZE = 256 << 10 };

/* ---- documents --------------------------------------------------------------------------------*/

static void *more(const void *list, size_t n, size_t size, struct arena *mem)
{
	char *all = arena_zalloc(mem, n + 1, size);

	if (n)
		memcpy(all, list, n * size);
	return all;
}

/* One for each layer: where the base says less of its own, that is made up for. */
static void add_step(struct oci_image *config, const struct commit *c, size_t n_below,
		     struct arena *mem)
{
	struct oci_step *steps = arena_zalloc(mem, config->n_history + n_below + 1, sizeof(*steps));
	size_t n = config->n_history, n_told = 0;

	if (n)
		memcpy(steps, config->history, n * sizeof(*steps));
	for (size_t i = 0; i < n; i++)
		n_told += !steps[i].empty_layer;
	for (; n_told < n_below; n_told++)
		steps[n++].created = config->created;
	steps[n++] = (struct oci_step){.created = c->created,
				       .created_by = c->created_by,
				       .author = c->author,
				       .comment = c->message};
	config->history = steps;
	config->n_history = n;
}

static const char *make_config(const struct commit *c, const struct layer_made *layer,
			       struct arena *mem, struct err *err)
{
	const struct platform own = platform_own();
	struct oci_image config = {.architecture = own.arch, .os = own.os, .variant = own.variant};
	struct oci_process process = {0};
	struct oci_rootfs rootfs = {0};
	auto_(str) struct str text = {0};
	struct json_out out = {.s = &text};

	if (c->base) {
		config = *c->base->config;
		rootfs = *config.rootfs;
		process = config.config ? *config.config : process;
	}
	for (size_t i = 0; i < c->changes->n; i++)
		if (change_apply(c->changes->v[i], &process, mem, err) < 0)
			return NULL;
	rootfs.type = "layers";
	rootfs.diff_ids = more(rootfs.diff_ids, rootfs.n_diff_ids, sizeof(*rootfs.diff_ids), mem);
	rootfs.diff_ids[rootfs.n_diff_ids++] = layer->diff_id;
	add_step(&config, c, rootfs.n_diff_ids - 1, mem);
	config.created = c->created;
	config.author = c->author ? c->author : config.author;
	config.rootfs = &rootfs;
	config.config = &process;
	encode_object(&oci_image_table, &config, &out, NULL);
	return arena_copy(mem, text.p, text.len);
}

static const char *make_manifest(const struct commit *c, const struct layer_made *layer,
				 const struct oci_descriptor *config, struct arena *mem)
{
	auto_(str) struct str text = {0};
	struct json_out o = {.s = &text};

	json_open(&o, NULL, '{');
	json_uint(&o, "schemaVersion", 2);
	json_text(&o, "mediaType", MEDIA_MANIFEST);
	manifest_put_descriptor(&o, "config", config);
	json_open(&o, "layers", '[');
	for (size_t i = 0; c->base && i < c->base->n_layers; i++)
		manifest_put_descriptor(&o, NULL, &c->base->manifest->layers[i]);
	manifest_put_descriptor(&o, NULL, &layer->d);
	json_close(&o, ']');
	json_close(&o, '}');
	return arena_copy(mem, text.p, text.len);
}

static int put_document(const struct commit *c, const char *type, const char *text,
			struct arena *mem, struct oci_descriptor *ret, struct err *err)
{
	char digest[DIGEST_TEXT_MAX];
	int r = stage_put_blob(c->stage, text, strlen(text), digest, err);

	*ret = (struct oci_descriptor){.media_type = type,
				       .digest = arena_str(mem, digest),
				       .size = strlen(text),
				       .has_size = true};
	return r;
}

int commit_image(const struct commit *c, const struct layer_made *layer, struct arena *mem,
		 const char **ret_id, struct err *err)
{
	struct oci_descriptor config, manifest;
	struct stored image = {0};

	if (c->base && c->base->n_layers >= MANIFEST_LAYERS_MAX)
		return err_say(err, E2BIG, "the image has %d layers already", MANIFEST_LAYERS_MAX);
	const char *text = make_config(c, layer, mem, err);
	if (!text)
		return -err->num;
	int r = put_document(c, MEDIA_CONFIG, text, mem, &config, err);
	if (r < 0 || (r = put_document(c, MEDIA_MANIFEST, make_manifest(c, layer, &config, mem),
				       mem, &manifest, err)) < 0)
		return r;
	/* What was packed is read again: a layer that can't be unpacked is no image. */
	if ((r = store_image(c->store, &manifest, mem, &image, err)) < 0 ||
	    (r = fetch_unpack(c->store, &image, err)) < 0 ||
	    (r = store_name(c->store, c->name, &manifest, NULL, err)) < 0)
		return r;
	*ret_id = config.digest;
	return 0;
}

/* ---- a tar that is there ----------------------------------------------------------------------*/

static const char *kind_of(const unsigned char *b, size_t n, struct err *err)
{
	if (n > 3 && b[0] == 0x1f && b[1] == 0x8b)
		return MEDIA_LAYER "+gzip";
	if (n > 3 && b[0] == 0x28 && b[1] == 0xb5 && b[2] == 0x2f && b[3] == 0xfd)
		return MEDIA_LAYER "+zstd";
	if ((n > 5 && memcmp(b,
			     "\xfd"
			     "7zXZ",
			     5) == 0) ||
	    (n > 3 && memcmp(b, "BZh", 3) == 0)) {
		err_say(err, ENOTSUP, "layers can't be compressed with xz or bzip2");
		err_hint(err, "unpack it first: xzcat FILE | ctr import -");
		return NULL;
	}
	return MEDIA_LAYER;
}

/* Copies it into the stage; the first bytes say what it is. */
static int read_blob(const struct stage *g, int from, struct arena *mem, struct oci_descriptor *ret,
		     struct err *err)
{
	auto_free unsigned char *buf = mem_zalloc(1, READ_SIZE);
	auto_fd int to = openat(g->fd, "layer", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct oci_descriptor d = {.has_size = true};
	char text[DIGEST_TEXT_MAX];
	struct digest digest;
	ssize_t n;

	if (to < 0)
		return err_set(err, errno, "make a file for the layer");
	digest_begin(&digest, DIGEST_SHA256);
	while ((n = read(from, buf, READ_SIZE)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, errno, "read it");
		if (!d.media_type && !(d.media_type = kind_of(buf, (size_t)n, err)))
			return -err->num;
		digest_add(&digest, buf, (size_t)n);
		d.size += (uint64_t)n;
		int r = fd_write_all(to, buf, (size_t)n);
		if (r < 0)
			return err_set(err, r, "write the layer");
	}
	if (!d.size)
		return err_say(err, EINVAL, "there is nothing to import");
	if (fsync(to) < 0)
		return err_set(err, errno, "write the layer");
	digest_end(&digest, text);
	d.digest = arena_str(mem, text);
	*ret = d;
	return 0;
}

int commit_read_layer(const struct stage *g, int from, struct arena *mem, struct layer_made *ret,
		      struct err *err)
{
	auto_(unpacker) struct unpacker u = UNPACKER_NONE;
	char diff_id[DIGEST_TEXT_MAX];
	struct oci_descriptor d = {0};
	int r = read_blob(g, from, mem, &d, err);

	if (r < 0)
		return r;
	auto_fd int fd = openat(g->fd, "layer", O_RDONLY | O_CLOEXEC);
	const struct unpacker_want want = {.sub = "look", .from = fd};
	if (fd < 0)
		return err_set(err, errno, "open the layer");
	if ((r = unpacker_start(g, &want, &u, err)) < 0 ||
	    (r = unpacker_finish(&u, NULL, diff_id, err)) < 0 ||
	    (r = stage_commit(g, "layer", store_blob_path(d.digest, mem), err)) < 0)
		return r;
	*ret = (struct layer_made){d, arena_str(mem, diff_id)};
	return 0;
}

/* ---- what a container is made of --------------------------------------------------------------*/

int commit_find_base(const struct store *s, const char *root, const char *id, struct arena *mem,
		     struct stored *ret, struct err *err)
{
	const char *uses = arena_printf(mem, "%s/uses", snapshot_path(root, id, mem));
	auto_(str) struct str text = {0};
	struct oci *index = NULL;
	char *save = NULL;
	int r = fd_read_file(s->fd, uses, USES_MAX, &text);

	if (r < 0 || !text.p)
		return err_set(err, r < 0 ? r : ENODATA, "read %s/%s", s->dir, uses);
	strtok_r(text.p, "\n", &save);
	const char *manifest = strtok_r(NULL, "\n", &save);
	if ((r = store_index(s, mem, &index, err)) < 0)
		return r;
	for (size_t i = 0; manifest && index && i < index->n_manifests; i++) {
		struct err ignored = {0};
		if (store_image(s, &index->manifests[i], mem, ret, &ignored) == 0 &&
		    str_eq(ret->manifest_d.digest, manifest))
			return 0;
	}
	err_say(err, ENOENT, "its image is not in the store any more");
	err_hint(err, "ctr export ID | ctr import - NAME");
	return -ENOENT;
}
