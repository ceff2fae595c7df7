/* SPDX-License-Identifier: Apache-2.0 */
/* Digests: their grammar, which is checked before one is ever used as a name, and the hashing. */
#pragma once

#include <openssl/sha.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/err.h"
#include "runtime/base/mem.h"

enum {
	DIGEST_BYTES_MAX = 64,
	DIGEST_TEXT_MAX = 7 + 2 * DIGEST_BYTES_MAX + 1, /* "sha512:", hexadecimal digits, NUL */
};

enum digest_kind { DIGEST_SHA256, DIGEST_SHA512 };

/* "sha256:" or "sha512:" and exactly as many lower-case hexadecimal digits as it has: what passes
 * can't climb out of a directory. Another algorithm is not a digest. */
bool digest_ok(const char *text);
/* The same as an error. `what`: whose digest, for the message. */
int digest_check(const char *text, const char *what, struct err *err);
/* The digits of a digest that is one. */
const char *digest_hex(const char *digest);
/* "sha256" or "sha512". */
const char *digest_algorithm(const char *digest);

/* A hash that is being taken. */
struct digest {
	enum digest_kind kind;
	union {
		SHA256_CTX sha256;
		SHA512_CTX sha512;
	} u;
};

void digest_begin(struct digest *d, enum digest_kind kind);
/* For comparing with `like`, a digest that is one. */
void digest_begin_like(struct digest *d, const char *like);
void digest_add(struct digest *d, const void *p, size_t n);
/* The text of it: ret has room for DIGEST_TEXT_MAX. */
void digest_end(struct digest *d, char *ret);

/* All at once: "sha256:...". */
void digest_of(const void *p, size_t n, char *ret);
/* -EBADMSG unless the bytes are what the digest says. */
int digest_verify(const char *digest, const void *p, size_t n, const char *what, struct err *err);

/* The name of a stack of layers: its lowest one's diff id, and for each on top the digest of
 * "CHAIN DIFF_ID" (image specification, config, "Layer ChainID"). `below` NULL: the lowest. */
const char *digest_chain(const char *below, const char *diff_id, struct arena *mem);
