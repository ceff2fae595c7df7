/* SPDX-License-Identifier: Apache-2.0 */
/* Where a blob comes from and where its bytes go: counted, hashed, written, unpacked at once. */
#pragma once

#include <stdatomic.h>

#include "image/digest.h"
#include "image/unpacker.h"

struct sink {
	const struct oci_descriptor *d; /* what should come */
	struct digest digest;
	uint64_t size;            /* so far: where a transfer goes on that broke off */
	int file;                 /* -1: none */
	struct unpacker *to;      /* or NULL */
	struct str *text;         /* or NULL */
	_Atomic uint64_t *done;   /* tells others how much has come; or NULL */
	const _Atomic bool *stop; /* others have failed; or NULL */
};

/* Begins, with no place to write to. */
struct sink sink_new(const struct oci_descriptor *d);
/* Takes the next bytes. An error ends the transfer. */
int sink_write(struct sink *s, const void *p, size_t n, struct err *err);
/* All has come: size and digest must be the descriptor's. */
int sink_check(struct sink *s, struct err *err);

/* A place that has blobs. `read` delivers all bytes of one to the sink; what they should be is checked
 * there. It is called by several threads at once. */
struct source {
	int (*read)(struct source *s, const struct oci_descriptor *d, struct sink *to,
		    struct err *err);
};
