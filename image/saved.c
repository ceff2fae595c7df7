/* SPDX-License-Identifier: Apache-2.0 */
/* Images as docker save writes them: a config and tars, without digests or sizes. What they are is
 * found out first; then they are an OCI image like any other. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/digest.h"
#include "image/layout.h"
#include "runtime/base/fd.h"
#include "runtime/base/json.h"
#include "runtime/base/path.h"

enum { READ_SIZE = 256 << 10 };

/* A source whose blobs have no names of their own. */
struct saved_source {
	struct source source;
	const struct layout *l;
	const struct oci_descriptor *d; /* of the files, in the same order */
	const char *const *paths;
	size_t n;
	const char *const *texts; /* of those that are in memory; NULL: a file */
};

static int open_regular(const struct layout *l, const char *path, struct stat *st, struct err *err)
{
	auto_fd int fd = path_open_in(l->root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return err_set(err, fd, "open %.120s", path);
	if (fstat(fd, st) < 0 || !S_ISREG(st->st_mode))
		return err_say(err, EINVAL, "%.120s is not a regular file", path);
	return steal_fd(&fd);
}

/* Each block to the digest or to the sink, whichever there is. */
static int read_all(int fd, struct digest *digest, struct sink *to, struct err *err)
{
	auto_free char *buf = mem_zalloc(1, READ_SIZE);

	for (;;) {
		ssize_t n = read(fd, buf, READ_SIZE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, errno, "read a layer");
		if (n == 0)
			return 0;
		if (digest)
			digest_add(digest, buf, (size_t)n);
		int r = to ? sink_write(to, buf, (size_t)n, err) : 0;
		if (r < 0)
			return r;
	}
}

static int read_saved(struct source *source, const struct oci_descriptor *d, struct sink *to,
		      struct err *err)
{
	const struct saved_source *s = (const struct saved_source *)(const void *)source;
	struct stat st;

	for (size_t i = 0; i < s->n; i++) {
		if (!str_eq(s->d[i].digest, d->digest))
			continue;
		if (s->texts[i])
			return sink_write(to, s->texts[i], d->size, err);
		auto_fd int fd = open_regular(s->l, s->paths[i], &st, err);
		return fd < 0 ? fd : read_all(fd, NULL, to, err);
	}
	return err_say(err, ENOENT, "%s is not there", d->digest);
}

static int describe(const struct layout *l, const char *path, const char *type, struct arena *mem,
		    struct oci_descriptor *ret, struct err *err)
{
	char text[DIGEST_TEXT_MAX];
	struct digest digest;
	struct stat st;
	auto_fd int fd = open_regular(l, path, &st, err);

	if (fd < 0)
		return fd;
	digest_begin(&digest, DIGEST_SHA256);
	int r = read_all(fd, &digest, NULL, err);
	if (r < 0)
		return r;
	digest_end(&digest, text);
	*ret = (struct oci_descriptor){.media_type = type,
				       .digest = arena_str(mem, text),
				       .size = (uint64_t)st.st_size,
				       .has_size = true};
	return 0;
}

/* gzip and zstd say so in their first bytes. */
static const char *layer_type(const struct layout *l, const char *path)
{
	struct err ignored = {0};
	unsigned char b[4] = {0};
	struct stat st;
	auto_fd int fd = open_regular(l, path, &st, &ignored);

	if (fd < 0 || read(fd, b, sizeof(b)) != sizeof(b))
		return MEDIA_LAYER;
	if (b[0] == 0x1f && b[1] == 0x8b)
		return MEDIA_LAYER "+gzip";
	return b[0] == 0x28 && b[1] == 0xb5 && b[2] == 0x2f ? MEDIA_LAYER "+zstd" : MEDIA_LAYER;
}

static const char *write_manifest(const struct oci_descriptor *d, size_t n_layers,
				  struct arena *mem)
{
	auto_(str) struct str text = {0};
	struct json_out o = {.s = &text};

	json_open(&o, NULL, '{');
	json_uint(&o, "schemaVersion", 2);
	json_text(&o, "mediaType", MEDIA_MANIFEST);
	manifest_put_descriptor(&o, "config", &d[n_layers]);
	json_open(&o, "layers", '[');
	for (size_t i = 0; i < n_layers; i++)
		manifest_put_descriptor(&o, NULL, &d[i]);
	json_close(&o, ']');
	json_close(&o, '}');
	return arena_copy(mem, text.p, text.len);
}

int layout_load_saved(const struct store *s, const struct layout *l, const struct oci_saved *image,
		      struct arena *mem, struct loaded *ret, struct err *err)
{
	size_t n = image->n_layers;

	if (n > MANIFEST_LAYERS_MAX)
		return err_say(err, E2BIG, "the image has %zu layers, more than %d", n,
			       MANIFEST_LAYERS_MAX);
	/* The layers, the config, the manifest. */
	struct oci_descriptor *d = arena_zalloc(mem, n + 2, sizeof(*d));
	const char **paths = arena_zalloc(mem, n + 2, sizeof(*paths));
	const char **texts = arena_zalloc(mem, n + 2, sizeof(*texts));
	for (size_t i = 0; i <= n; i++) {
		paths[i] = i < n ? image->layers[i] : image->config;
		if (describe(l, paths[i], i < n ? layer_type(l, paths[i]) : MEDIA_CONFIG, mem,
			     &d[i], err) < 0)
			return -err->num;
	}
	char digest[DIGEST_TEXT_MAX];
	texts[n + 1] = write_manifest(d, n, mem);
	digest_of(texts[n + 1], strlen(texts[n + 1]), digest);
	d[n + 1] = (struct oci_descriptor){.media_type = MEDIA_MANIFEST,
					   .digest = arena_str(mem, digest),
					   .size = strlen(texts[n + 1]),
					   .has_size = true};
	struct saved_source source = {{read_saved}, l, d, paths, n + 2, texts};
	const struct fetch f = {.store = s, .source = &source.source};
	ret->manifest = d[n + 1];
	return fetch_image(&f, &ret->manifest, mem, &ret->id, err);
}
