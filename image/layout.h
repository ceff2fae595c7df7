/* SPDX-License-Identifier: Apache-2.0 */
/* Images in a directory that somebody else made: an OCI layout, or what docker save put into a tar.
 * Nothing in it is trusted; links lead nowhere out of it. */
#pragma once

#include "image/fetch.h"
#include "runtime/base/words.h"

struct layout {
	struct source source; /* of its blobs */
	int root;
	struct oci *index;         /* of an OCI layout */
	struct oci_archive *saved; /* of docker's */
	struct arena mem;
};

#define LAYOUT_NONE                                                                                \
	{                                                                                          \
		.root = -1                                                                         \
	}

/* Takes the descriptor. Of what is both, docker's list counts if `prefers_docker`. */
int layout_open(int root, bool prefers_docker, struct layout *ret, struct err *err);
void layout_clear(struct layout *l);

/* The only image of an OCI layout, or the one called `name`, or the one at "@INDEX". NULL: the only
 * one. */
int layout_find(const struct layout *l, const char *name, const struct oci_descriptor **ret,
		struct err *err);

/* What came of an image of docker's list. */
struct loaded {
	struct oci_descriptor manifest;
	const char *id;
};

/* Brings an image of docker's list into the store as an OCI image with the same config, hence the
 * same id; its layers are kept as they are. */
int layout_load_saved(const struct store *s, const struct layout *l, const struct oci_saved *image,
		      struct arena *mem, struct loaded *ret, struct err *err);
