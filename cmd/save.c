/* SPDX-License-Identifier: Apache-2.0 */
/* save: images into one archive. It is an OCI layout in a tar; docker's kind has a manifest.json besides,
 * as docker itself writes it today. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cmd/far.h"
#include "image/digest.h"
#include "image/ref.h"
#include "image/store.h"
#include "image/tarball.h"
#include "runtime/base/json.h"

/* clang-format off */
struct save_opts { const char *output, *format; };
static const struct arg save_args[] = {
	{"output", 'o', ARG_TEXT, offsetof(struct save_opts, output), "FILE", "standard output unless given"},
	{"format", 0, ARG_TEXT, offsetof(struct save_opts, format), "KIND", "docker-archive or oci-archive (docker-archive)"},
	ARGS_END};
/* clang-format on */

struct saving {
	const struct store *store;
	struct stored *images;
	const char **names; /* as asked for, in full; NULL: by its id */
	size_t n;
	struct words written; /* digests of blobs */
	struct tarball to;
	struct arena *mem;
};

static int put_blob(struct saving *v, const struct oci_descriptor *d, struct err *err)
{
	const char *path = store_blob_path(d->digest, v->mem);

	for (size_t i = 0; i < v->written.n; i++)
		if (str_eq(v->written.v[i], d->digest))
			return 0;
	words_add(&v->written, d->digest, v->mem);
	auto_fd int fd = openat(v->store->fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, errno, "open the store's %s", d->digest);
	return tarball_file(&v->to, path, fd, d->size, err);
}

static int put_blobs(struct saving *v, struct err *err)
{
	int r = tarball_dir(&v->to, "blobs/", err);

	if (r == 0)
		r = tarball_dir(&v->to, "blobs/sha256/", err);
	for (size_t i = 0; r == 0 && i < v->n; i++) {
		const struct oci *m = v->images[i].manifest;
		for (size_t k = 0; r == 0 && k < m->n_layers; k++)
			r = put_blob(v, &m->layers[k], err);
		if (r == 0)
			r = put_blob(v, m->config, err);
		if (r == 0)
			r = put_blob(v, &v->images[i].manifest_d, err);
	}
	return r;
}

/* Docker and containerd want the full name in an annotation of their own, the tag in the other. */
static int put_index(struct saving *v, struct err *err)
{
	auto_(str) struct str text = {0};
	struct json_out o = {.s = &text};

	json_open(&o, NULL, '{');
	json_uint(&o, "schemaVersion", 2);
	json_text(&o, "mediaType", MEDIA_INDEX);
	json_open(&o, "manifests", '[');
	for (size_t i = 0; i < v->n; i++) {
		const struct oci_descriptor *d = &v->images[i].manifest_d;
		json_open(&o, NULL, '{');
		json_text(&o, "mediaType", d->media_type);
		json_text(&o, "digest", d->digest);
		json_uint(&o, "size", d->size);
		if (v->names[i]) {
			json_open(&o, "annotations", '{');
			json_text(&o, "io.containerd.image.name", v->names[i]);
			json_text(&o, STORE_NAME, v->names[i]);
			json_close(&o, '}');
		}
		json_close(&o, '}');
	}
	json_close(&o, ']');
	json_close(&o, '}');
	return tarball_text(&v->to, "index.json", text.p, text.len, err);
}

static int put_manifest_json(struct saving *v, struct err *err)
{
	auto_(str) struct str text = {0};
	struct json_out o = {.s = &text};

	json_open(&o, NULL, '[');
	for (size_t i = 0; i < v->n; i++) {
		const struct oci *m = v->images[i].manifest;
		json_open(&o, NULL, '{');
		json_text(&o, "Config", store_blob_path(m->config->digest, v->mem));
		json_open(&o, "RepoTags", '[');
		if (v->names[i])
			json_text(&o, NULL, ref_familiar(v->names[i]));
		json_close(&o, ']');
		json_open(&o, "Layers", '[');
		for (size_t k = 0; k < m->n_layers; k++)
			json_text(&o, NULL, store_blob_path(m->layers[k].digest, v->mem));
		json_close(&o, ']');
		json_close(&o, '}');
	}
	json_close(&o, ']');
	return tarball_text(&v->to, "manifest.json", text.p, text.len, err);
}

static int write_archive(struct saving *v, bool is_docker, struct err *err)
{
	static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
	int r = put_blobs(v, err);

	if (r < 0 ||
	    (r = tarball_text(&v->to, "oci-layout", layout, sizeof(layout) - 1, err)) < 0 ||
	    (r = put_index(v, err)) < 0 || (is_docker && (r = put_manifest_json(v, err)) < 0))
		return r;
	return tarball_end(&v->to, err);
}

static int read_format(const char *format, bool *ret_docker, struct err *err)
{
	*ret_docker = !format || str_eq(format, "docker-archive");
	if (*ret_docker || str_eq(format, "oci-archive"))
		return 0;
	err_say(err, EINVAL, "--format: expected docker-archive or oci-archive, got \"%.40s\"",
		format);
	err_hint(err, "the store itself is an OCI layout: skopeo copy oci:STORE:NAME");
	return -EINVAL;
}

static int find_images(struct call *call, struct saving *v, struct err *err)
{
	v->images = arena_zalloc(call->mem, call->n_words, sizeof(*v->images));
	v->names = arena_zalloc(call->mem, call->n_words, sizeof(*v->names));
	for (size_t i = 0; i < call->n_words; i++) {
		int r = store_find(v->store, call->words[i], call->mem, &v->images[i], err);
		if (r < 0)
			return r;
		/* A name with a digest can't be a tag. */
		const char *name = v->images[i].name;
		v->names[i] = name && !strchr(name, '@') ? name : NULL;
	}
	v->n = call->n_words;
	return 0;
}

static int do_save(struct call *call, struct err *err)
{
	const struct save_opts *o = call->opts;
	auto_(store) struct store s = STORE_NONE;
	struct saving v = {.store = &s, .to = tarball_on(STDOUT_FILENO), .mem = call->mem};
	auto_fd int file = -1;
	bool is_docker;

	int r = read_format(o->format, &is_docker, err);
	if (r < 0 || (r = store_open(call->g->store, false, &s, err)) < 0 ||
	    (r = find_images(call, &v, err)) < 0)
		return r;
	if (o->output) {
		file = open(o->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
		if (file < 0)
			return err_set(err, errno, "make %s", o->output);
		v.to = tarball_on(file);
	} else if (isatty(STDOUT_FILENO)) {
		return err_say(err, EINVAL, "standard output is a terminal: use --output");
	}
	return write_archive(&v, is_docker, err);
}

const struct command cmd_save = {
	FAR_SAVE,
	.examples =
		"ctr save -o nginx.tar nginx\nctr save --format oci-archive nginx redis | ssh host ctr load\n",
	.args = {save_args, false},
	.opts_size = sizeof(struct save_opts),
	.flags = CMD_ENGINE,
	.min_words = 1,
	.max_words = ANY_WORDS,
	.run = do_save,
};
