/* SPDX-License-Identifier: Apache-2.0 */
/* Indexes, manifests and configs of images, OCI's and docker's (v2, schema 2) alike. Pure: text in,
 * structs out, checked. The structs come from oci.schema.json. */
#pragma once

#include <stdbool.h>

#include "gen/oci.h"
#include "runtime/base/err.h"
#include "runtime/base/mem.h"
#include "runtime/base/str.h"

#define MEDIA_INDEX "application/vnd.oci.image.index.v1+json"
#define MEDIA_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_CONFIG "application/vnd.oci.image.config.v1+json"
#define MEDIA_LAYER "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_DOCKER_INDEX "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"

enum {
	MANIFEST_SIZE_MAX = 4 << 20, /* bytes of a document */
	MANIFEST_LAYERS_MAX = 200,   /* the kernel stacks 500, but not by names as long as ours */
	INDEX_ENTRIES_MAX = 1000,
	INDEX_DEPTH_MAX = 2,
};

/* Whether a media type is an index's. */
bool media_is_index(const char *type);

/* One document. `type`: what its descriptor or the server calls it; NULL: nothing was said. Refused:
 * what is both an index and a manifest, or neither; what calls itself something else than `type`
 * does; schema 1; digests that are none; another thing than an image in the place of one. */
int manifest_decode(const char *text, size_t len, const char *type, struct arena *mem,
		    struct oci **ret, struct err *err);

/* The config of an image whose manifest has n_layers. */
int image_config_decode(const char *text, size_t len, size_t n_layers, struct arena *mem,
			struct oci_image **ret, struct err *err);

/* ---- platforms --------------------------------------------------------------------------------*/

struct platform {
	const char *os, *arch, *variant; /* variant NULL: any that this machine runs */
};

/* The machine's. */
struct platform platform_own(void);
/* "linux/arm64/v8", "arm64": what is missing is as the machine's. */
int platform_parse(const char *text, struct arena *mem, struct platform *ret, struct err *err);
/* Whether an image of `p` is one for `want`. Absent members fit. */
bool platform_fits(const struct oci_platform *p, const struct platform *want);
/* The place in an index of what fits best, the first of equals. -ENOENT: nothing does; the message
 * says what there is. */
int platform_choose(const struct oci *index, const struct platform *want, struct err *err);

/* ---- writing ----------------------------------------------------------------------------------*/

/* {"mediaType": ..., "digest": ..., "size": ...} as the value of `key`. */
struct json_out;
void manifest_put_descriptor(struct json_out *o, const char *key, const struct oci_descriptor *d);
