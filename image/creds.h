/* SPDX-License-Identifier: Apache-2.0 */
/* User names and passwords of registries: auth.json as podman, skopeo and docker keep it, and
 * credential helpers. */
#pragma once

#include <stdbool.h>

#include "image/ref.h"
#include "runtime/base/str.h"

struct creds {
	const char *user, *password;
	const char *identity; /* a token to get tokens with, instead */
	const char *helper;   /* a program to ask, instead */
};

/* For an image; file: --authfile, or NULL for the usual ones. Returns 1 when there are some, 0 when
 * not. In the arena. */
int creds_find(const char *file, const struct ref *ref, struct arena *mem, struct creds *ret,
	       struct err *err);

/* What a file's text says of an image; pure. Returns as above; when it is 0 there may be a helper to
 * ask. */
int creds_read(const struct str *text, const struct ref *ref, struct arena *mem, struct creds *ret,
	       struct err *err);

/* Where login writes. In the arena. */
const char *creds_file(const char *file, struct arena *mem);
/* Keeps, or with creds NULL forgets, those of a host. Forgetting returns 1 if there were any. */
int creds_keep(const char *file, const char *host, const struct creds *creds, struct err *err);

void base64_encode(const void *p, size_t n, struct str *ret);
/* -EINVAL: it is none. */
int base64_decode(const char *text, struct str *ret);
