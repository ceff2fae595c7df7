/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "image/digest.h"
#include "image/manifest.h"
#include "runtime/base/json.h"
#include "runtime/config/decode.h"

/* The media types of what an image consists of. */
static const char *const index_types[] = {MEDIA_INDEX, MEDIA_DOCKER_INDEX, NULL};
static const char *const manifest_types[] = {MEDIA_MANIFEST, MEDIA_DOCKER_MANIFEST, NULL};
static const char *const config_types[] = {MEDIA_CONFIG,
					   "application/vnd.docker.container.image.v1+json", NULL};
static const char *const layer_types[] = {
	MEDIA_LAYER,
	"application/vnd.oci.image.layer.v1.tar+gzip",
	"application/vnd.oci.image.layer.v1.tar+zstd",
	"application/vnd.oci.image.layer.nondistributable.v1.tar",
	"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
	"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
	"application/vnd.docker.image.rootfs.diff.tar",
	"application/vnd.docker.image.rootfs.diff.tar.gzip",
	"application/vnd.docker.image.rootfs.diff.tar.zstd",
	"application/vnd.docker.image.rootfs.foreign.diff.tar",
	"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
	NULL,
};

static bool is_one_of(const char *type, const char *const *list)
{
	for (size_t i = 0; list[i]; i++)
		if (str_eq(type, list[i]))
			return true;
	return false;
}

bool media_is_index(const char *type)
{
	return is_one_of(type, index_types);
}

static int check_descriptors(const struct oci_descriptor *list, size_t n, const char *what,
			     struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (digest_check(list[i].digest, what, err) < 0)
			return -err->num;
	return 0;
}

static int check_index(const struct oci *doc, struct err *err)
{
	if (doc->n_manifests > INDEX_ENTRIES_MAX)
		return err_say(err, E2BIG, "the index has %zu entries, more than %d",
			       doc->n_manifests, INDEX_ENTRIES_MAX);
	return check_descriptors(doc->manifests, doc->n_manifests, "an entry of the index", err);
}

static int check_manifest(const struct oci *doc, struct err *err)
{
	if (!doc->config)
		return err_say(err, EINVAL, "the manifest has no config");
	if (!is_one_of(doc->config->media_type, config_types))
		return err_say(err, EINVAL, "this is not an image but \"%.100s\"",
			       doc->artifact_type ? doc->artifact_type : doc->config->media_type);
	if (doc->n_layers > MANIFEST_LAYERS_MAX)
		return err_say(err, E2BIG, "the image has %zu layers, more than %d", doc->n_layers,
			       MANIFEST_LAYERS_MAX);
	for (size_t i = 0; i < doc->n_layers; i++)
		if (!is_one_of(doc->layers[i].media_type, layer_types))
			return err_say(err, ENOTSUP,
				       "layer %zu has the unknown media type \"%.100s\"", i + 1,
				       doc->layers[i].media_type);
	int r = check_descriptors(doc->config, 1, "the manifest's config", err);
	return r < 0 ? r : check_descriptors(doc->layers, doc->n_layers, "a layer", err);
}

/* What the document is called, by itself and by others, must be what it is. */
static int check_type(const struct oci *doc, const char *type, struct err *err)
{
	const char *const *fit = doc->manifests ? index_types : manifest_types;
	const char *own = doc->media_type;

	if (own && !is_one_of(own, fit))
		return err_say(err, EINVAL, "the document has %s but calls itself \"%.100s\"",
			       doc->manifests ? "\"manifests\"" : "\"layers\"", own);
	if (type && !is_one_of(type, fit))
		return err_say(err, EINVAL, "the document has %s but came as \"%.100s\"",
			       doc->manifests ? "\"manifests\"" : "\"layers\"", type);
	if (own && type && !str_eq(own, type))
		return err_say(err, EINVAL,
			       "the document calls itself \"%.100s\" but came as \"%.100s\"", own,
			       type);
	return 0;
}

int manifest_decode(const char *text, size_t len, const char *type, struct arena *mem,
		    struct oci **ret, struct err *err)
{
	void *any = NULL;

	if (len > MANIFEST_SIZE_MAX)
		return err_say(err, EFBIG, "a manifest of more than %d bytes", MANIFEST_SIZE_MAX);
	int r = decode_object(&oci_table, text, len, mem, &any, err);
	if (r < 0)
		return err_wrap(err, "manifest");
	struct oci *doc = any;
	if (doc->schema_version == 1 || doc->fs_layers) {
		err_say(err, ENOTSUP, "this image has docker's old format (schema 1)");
		err_hint(err, "push it again with a client of this decade");
		return -ENOTSUP;
	}
	if (doc->schema_version != 2)
		return err_say(err, EINVAL, "schemaVersion: expected 2, got %u",
			       doc->schema_version);
	if (doc->manifests && (doc->layers || doc->config))
		return err_say(err, EINVAL,
			       "the document is an index and a manifest at once: refused");
	if (!doc->manifests && !doc->layers)
		return err_say(err, EINVAL, "neither an index nor the manifest of an image");
	if ((r = check_type(doc, type, err)) < 0 ||
	    (r = doc->manifests ? check_index(doc, err) : check_manifest(doc, err)) < 0)
		return r;
	*ret = doc;
	return 0;
}

int image_config_decode(const char *text, size_t len, size_t n_layers, struct arena *mem,
			struct oci_image **ret, struct err *err)
{
	void *any = NULL;

	if (len > MANIFEST_SIZE_MAX)
		return err_say(err, EFBIG, "an image's config of more than %d bytes",
			       MANIFEST_SIZE_MAX);
	int r = decode_object(&oci_image_table, text, len, mem, &any, err);
	if (r < 0)
		return err_wrap(err, "image config");
	struct oci_image *c = any;
	if (c->rootfs->type && !str_eq(c->rootfs->type, "layers"))
		return err_say(err, EINVAL, "image config: rootfs.type \"%.40s\" is not \"layers\"",
			       c->rootfs->type);
	if (c->rootfs->n_diff_ids != n_layers)
		return err_say(err, EINVAL,
			       "image config: %zu rootfs.diff_ids for a manifest of %zu layers",
			       c->rootfs->n_diff_ids, n_layers);
	for (size_t i = 0; i < n_layers; i++)
		if (digest_check(c->rootfs->diff_ids[i], "image config: rootfs.diff_ids", err) < 0)
			return -err->num;
	*ret = c;
	return 0;
}

void manifest_put_descriptor(struct json_out *o, const char *key, const struct oci_descriptor *d)
{
	json_open(o, key, '{');
	json_text(o, "mediaType", d->media_type);
	json_text(o, "digest", d->digest);
	json_uint(o, "size", d->size);
	json_close(o, '}');
}
