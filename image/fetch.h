/* SPDX-License-Identifier: Apache-2.0 */
/* An image from a source into the store: each layer is hashed, kept, unpacked and hashed again while it
 * comes, several at a time; nothing is seen of it until all is there. */
#pragma once

#include <stdatomic.h>

#include "image/sink.h"
#include "image/store.h"

enum { FETCH_LAYERS_MAX = MANIFEST_LAYERS_MAX };

/* How far it is; written by the threads, read by who shows it. */
struct fetch_progress {
	size_t n;
	struct {
		const char *digest;
		uint64_t size;
		_Atomic uint64_t done;
		_Atomic bool is_ready; /* unpacked, or there before */
	} layers[FETCH_LAYERS_MAX];
};

struct fetch {
	const struct store *store;
	struct source *source;
	const struct platform *platform; /* NULL: any */
	const char *name;                /* in full; NULL: the image gets none */
	/* Called now and then by the thread that called fetch_image, and at its end; may be NULL. */
	void (*show)(const struct fetch_progress *p, bool is_end, void *ctx);
	void *show_ctx;
};

/* The document of d, verified, in memory. */
int fetch_document(struct source *source, const struct oci_descriptor *d, struct arena *mem,
		   const char **ret, struct err *err);

/* `top`: the manifest, or an index of which one is chosen. *ret_id: the config's digest. */
int fetch_image(const struct fetch *f, const struct oci_descriptor *top, struct arena *mem,
		const char **ret_id, struct err *err);

/* Unpacks what is missing of an image whose blobs are in the store. */
int fetch_unpack(const struct store *s, const struct stored *image, struct err *err);
