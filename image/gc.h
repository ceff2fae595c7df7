/* SPDX-License-Identifier: Apache-2.0 */
/* What no image and no container needs any more. */
#pragma once

#include "image/store.h"

struct gc {
	size_t n_blobs, n_layers, n_left; /* taken away; n_left: writable layers of nobody */
	uint64_t bytes;                   /* of the blobs */
};

/* Collects it. The store must be locked alone; others may use it again while the last of it is being
 * deleted, when this function gives the lock back. */
int gc_run(struct store *s, struct gc *ret, struct err *err);

/* Whether a container was made from the image with that manifest. Containers that are left over do not
 * count. */
bool gc_is_used(const struct store *s, const char *manifest);

/* Takes entries out of the index: those of that name, or (name NULL) those of that
 * manifest, or (both NULL) all without a name that no container uses. Returns how many. */
int gc_untag(const struct store *s, const char *name, const char *manifest, struct err *err);
