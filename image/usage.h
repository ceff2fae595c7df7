/* SPDX-License-Identifier: Apache-2.0 */
/* What the store takes on disk. */
#pragma once

#include "image/store.h"

struct store_usage {
	size_t n_images, n_active; /* of which containers are made */
	uint64_t images, idle;     /* bytes; idle: prune --all would free them */
	struct store_writable {
		const char *record; /* its container's, in full */
		uint64_t bytes;
	} * writable;
	size_t n_writable;
};

int store_measure(const struct store *s, struct arena *mem, struct store_usage *ret,
		  struct err *err);

/* Bytes on disk of dir/name and all in it. */
uint64_t usage_tree(int dir, const char *name);
