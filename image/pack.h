/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of files to a tar; a container's writable layer to the tar of an image's layer. */
#pragma once

#include "image/tarball.h"
#include "runtime/walk.h"

struct pack {
	struct tarball *to;
	const char
		*as; /* what the top is called in the tar; NULL: it has no entry, and what is in it
			 * no more than its own name */
	struct owner owner;
	bool stays; /* other mounts are packed empty */
	/* Whether to leave something out, with all in it; may be NULL. */
	bool (*skips)(const void *arg, const struct walk_entry *e);
	const void *arg;
	bool is_layer; /* overlay's signs of what was deleted become those of layers */
};

/* Of dir/name (walk_tree). The archive's end is the caller's to write. */
int pack_tree(int dir, const char *name, const struct pack *p, struct err *err);

/* Whether it is overlay's sign that something is deleted; that a directory hides those below it. */
bool pack_is_whiteout(const struct stat *st);
bool pack_is_opaque(int dir);
