/* SPDX-License-Identifier: Apache-2.0 */
/* New images: one more layer on one that is there, or a tar as the only one. */
#pragma once

#include "image/layer.h"

struct commit {
	const struct store *store;
	const struct stage *stage;
	const struct stored *base; /* NULL: none */
	const char *name;          /* in full, or NULL */
	const char *created;       /* RFC 3339 */
	const char *created_by, *author, *message;
	const struct words *changes; /* instructions (image/change.h) */
};

/* The layer's blob is in the store. *ret_id: of the new image, which is unpacked and has its name. */
int commit_image(const struct commit *c, const struct layer_made *layer, struct arena *mem,
		 const char **ret_id, struct err *err);

/* A tar as a layer, compressed or not, as it comes. */
int commit_read_layer(const struct stage *g, int from, struct arena *mem, struct layer_made *ret,
		      struct err *err);

/* The image that a container was made of, by the manifest in its `uses`. */
int commit_find_base(const struct store *s, const char *root, const char *id, struct arena *mem,
		     struct stored *ret, struct err *err);
