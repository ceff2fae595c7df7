/* SPDX-License-Identifier: Apache-2.0 */
/* Names of images: [HOST[:PORT]/]PATH[:TAG][@DIGEST]. Pure. */
#pragma once

#include <stdbool.h>

#include "runtime/base/err.h"
#include "runtime/base/mem.h"

#define REF_DOCKER "docker.io"

struct ref {
	const char *host; /* with its port; NULL: a short name, nobody said where it is */
	const char *path; /* "library/nginx" */
	const char *tag;  /* NULL: none was given */
	const char *digest;
};

/* Reads a name strictly; what it says is kept, nothing is added. All in the arena. The first
 * component is a host if it has a dot or a colon, or is "localhost". -EINVAL. */
int ref_parse(const char *text, struct arena *mem, struct ref *ret, struct err *err);

/* The name in full: a short one is docker.io's, whose names of one component are in library/; with
 * neither tag nor digest the tag is "latest". A digest beats a tag, which is dropped. */
struct ref ref_full(const struct ref *ref, struct arena *mem);
/* The same on another host: "localhost", or one to search. */
struct ref ref_at(const struct ref *ref, const char *host, struct arena *mem);

/* As people write it, host and tag included where it has them. In the arena. */
const char *ref_text(const struct ref *ref, struct arena *mem);
/* "HOST/PATH", as credentials and settings are looked up. */
const char *ref_repository(const struct ref *ref, struct arena *mem);
/* What a full name is shown as: without docker.io/library/ and docker.io/. */
const char *ref_familiar(const char *full);

/* parse, then full. */
int ref_read(const char *text, struct arena *mem, struct ref *ret, struct err *err);
