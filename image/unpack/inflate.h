/* SPDX-License-Identifier: Apache-2.0 */
/* A layer's bytes as they come, to those of its tar: gzip, zstd or neither, told by the first bytes.
 * Their digest is taken on the way. */
#pragma once

#include <stdint.h>

#include "image/digest.h"
#include "runtime/base/err.h"

struct inflate;

/* Reads the descriptor to its end. `kind`: how the digest of the tar is taken. */
struct inflate *inflate_new(int fd, enum digest_kind kind);
void inflate_free(struct inflate *f);

/* The next bytes of the tar: how many, 0 at the end; *ret is good until the next call. -EBADMSG:
 * the stream is damaged or cut short; -EFBIG: it grows beyond all measure. */
int64_t inflate_next(struct inflate *f, const void **ret, struct err *err);

/* After the end: the tar's digest and size. */
void inflate_digest(struct inflate *f, char *ret);
uint64_t inflate_size(const struct inflate *f);
