/* SPDX-License-Identifier: Apache-2.0 */
/* Finding images in the store and reading their documents. */
#include <errno.h>
#include <string.h>

#include "image/digest.h"
#include "image/ref.h"
#include "image/store.h"

enum { ID_MIN = 3 };

static int read_document(const struct store *s, const struct oci_descriptor *d, struct arena *mem,
			 const char **ret_text, struct oci **ret, struct err *err)
{
	int r = store_read_blob(s, d, mem, ret_text, err);

	return r < 0 ? r
		     : manifest_decode(*ret_text, d->size, d->media_type[0] ? d->media_type : NULL,
				       mem, ret, err);
}

/* From an entry to the manifest that it leads to; an index in an index is as deep as it goes. */
static int read_manifest(const struct store *s, struct arena *mem, struct stored *image,
			 struct err *err)
{
	const struct platform own = platform_own();
	struct oci *doc;

	for (int depth = 0; depth <= INDEX_DEPTH_MAX; depth++) {
		int r = read_document(s, &image->manifest_d, mem, &image->manifest_text, &doc, err);
		if (r < 0)
			return r;
		if (!doc->manifests) {
			image->manifest = doc;
			return 0;
		}
		if ((r = platform_choose(doc, &own, err)) < 0)
			return r;
		image->manifest_d = doc->manifests[r];
	}
	return err_say(err, ELOOP, "an index in an index in an index");
}

int store_image(const struct store *s, const struct oci_descriptor *entry, struct arena *mem,
		struct stored *ret, struct err *err)
{
	struct stored image = {
		.name = store_note(entry, STORE_NAME), .entry = entry, .manifest_d = *entry};
	struct oci_image *config;
	int r = read_manifest(s, mem, &image, err);

	if (r < 0 || !image.manifest)
		return r;
	const struct oci_descriptor *d = image.manifest->config;
	image.id = d->digest;
	image.n_layers = image.manifest->n_layers;
	if ((r = store_read_blob(s, d, mem, &image.config_text, err)) < 0 ||
	    (r = image_config_decode(image.config_text, d->size, image.n_layers, mem, &config,
				     err)) < 0)
		return r;
	image.config = config;
	const char **chains = arena_zalloc(mem, image.n_layers, sizeof(*chains));
	for (size_t i = 0; i < image.n_layers; i++)
		chains[i] =
			digest_chain(i ? chains[i - 1] : NULL, config->rootfs->diff_ids[i], mem);
	image.chains = chains;
	*ret = image;
	return 0;
}

/* ---- finding ----------------------------------------------------------------------------------*/

static const struct oci_descriptor *by_name(const struct oci *index, const char *name)
{
	for (size_t i = 0; i < index->n_manifests; i++) {
		const char *n = store_note(&index->manifests[i], STORE_NAME);
		if (n && str_eq(n, name))
			return &index->manifests[i];
	}
	return NULL;
}

/* name@digest: the digest of the manifest, or of the index that it was chosen from. */
static const struct oci_descriptor *by_digest(const struct oci *index, const struct ref *ref,
					      struct arena *mem)
{
	const char *repository = ref_repository(ref, mem);
	size_t n = strlen(repository);

	for (size_t i = 0; index->manifests && i < index->n_manifests; i++) {
		const struct oci_descriptor *d = &index->manifests[i];
		const char *name = store_note(d, STORE_NAME), *source = store_note(d, STORE_SOURCE);
		if (name && strncmp(name, repository, n) == 0 &&
		    (name[n] == ':' || name[n] == '@') &&
		    (str_eq(d->digest, ref->digest) || (source && str_eq(source, ref->digest))))
			return d;
	}
	return NULL;
}

/* A short name may be any host's, if there is only one. */
static const struct oci_descriptor *by_suffix(const struct oci *index, const struct ref *ref,
					      struct arena *mem)
{
	const struct oci_descriptor *found = NULL;
	const struct ref bare = {NULL, ref->path, ref->tag ? ref->tag : "latest", NULL};
	const char *tail = arena_printf(mem, "/%s", ref_text(&bare, mem));

	for (size_t i = 0; i < index->n_manifests; i++) {
		const char *name = store_note(&index->manifests[i], STORE_NAME);
		if (!name || !str_ends(name, tail))
			continue;
		if (found)
			return NULL;
		found = &index->manifests[i];
	}
	return found;
}

static const struct oci_descriptor *find_ref(const struct oci *index, const char *text,
					     struct arena *mem)
{
	struct err ignored = {0};
	struct ref ref;

	if (ref_parse(text, mem, &ref, &ignored) < 0)
		return NULL;
	const char *hosts[] = {ref.host, NULL};
	if (!ref.host) {
		hosts[0] = "localhost";
		hosts[1] = REF_DOCKER;
	}
	for (size_t i = 0; i < 2 && hosts[i]; i++) {
		struct ref full = ref_at(&ref, hosts[i], mem);
		const struct oci_descriptor *d = full.digest ? by_digest(index, &full, mem)
							     : by_name(index, ref_text(&full, mem));
		if (d)
			return d;
	}
	return ref.host || ref.digest ? NULL : by_suffix(index, &ref, mem);
}

/* -ENOENT: no image has such an id. */
static int find_id(const struct store *s, const struct oci *index, const char *text,
		   struct arena *mem, struct stored *ret, struct err *err)
{
	const char *hex = str_starts(text, "sha256:") ? text + strlen("sha256:") : text;
	size_t n = strlen(hex);
	bool found = false;

	if (n < ID_MIN || strspn(hex, "0123456789abcdef") != n)
		return -ENOENT;
	for (size_t i = 0; i < index->n_manifests; i++) {
		struct stored image = {0};
		struct err ignored = {0};
		if (store_image(s, &index->manifests[i], mem, &image, &ignored) < 0 || !image.id ||
		    (strncmp(digest_hex(image.id), hex, n) != 0 &&
		     !str_eq(digest_hex(image.manifest_d.digest), hex)))
			continue;
		if (found && !str_eq(ret->id, image.id))
			return err_say(err, EEXIST,
				       "more than one image has an id that begins with %s", hex);
		if (!found)
			*ret = image;
		found = true;
	}
	return found ? 0 : -ENOENT;
}

int store_find(const struct store *s, const char *text, struct arena *mem, struct stored *ret,
	       struct err *err)
{
	struct oci *index = NULL;
	int r = store_index(s, mem, &index, err);

	if (r < 0)
		return r;
	const struct oci_descriptor *d = find_ref(index, text, mem);
	if (d) {
		r = store_image(s, d, mem, ret, err);
		return r < 0 ? err_wrap(err, "image %.100s", text) : 0;
	}
	r = find_id(s, index, text, mem, ret, err);
	if (r != -ENOENT)
		return r;
	err_say(err, ENOENT, "there is no image \"%.100s\"", text);
	err_code(err, "no-image");
	return -ENOENT;
}
