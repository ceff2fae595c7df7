/* SPDX-License-Identifier: Apache-2.0 */
/* A new layer for the store: what is written as a tar is hashed, compressed and hashed again on its
 * way into a blob. The same tar gives the same blob. */
#pragma once

#include "image/digest.h"
#include "image/store.h"
#include "image/tarball.h"

struct layer_stream; /* of zlib's */

struct layer {
	struct tarball tar; /* write here */
	const struct stage *stage;
	int file;
	struct digest plain, packed;
	uint64_t size;
	struct layer_stream *stream;
};

/* What came of it. */
struct layer_made {
	struct oci_descriptor d;
	const char *diff_id;
};

int layer_begin(const struct stage *g, struct layer *ret, struct err *err);
/* The archive is complete, its end included: it becomes a blob of the store. */
int layer_finish(struct layer *l, struct arena *mem, struct layer_made *ret, struct err *err);
void layer_clear(struct layer *l);
