/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the store is what it says: bytes against their digests, images against their parts; and what
 * was left behind by who was killed. */
#pragma once

#include "image/store.h"
#include "runtime/base/str.h"

/* What was found, a line each. */
struct check {
	struct str text;
	bool repairs;
	size_t n_found, n_mended;
};

void check_clear(struct check *c);
/* One thing that is not as it should be; is_mended: and is now. */
void check_line(struct check *c, bool is_mended, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* All of the store. With c->repairs: damaged blobs, images that can't be read and leftovers go away; what
 * is whole stays, and pull fetches the rest again. -errno: it could not be looked at. */
int check_store(const struct store *s, struct check *c, struct err *err);
