/* SPDX-License-Identifier: Apache-2.0 */
/* containers-registries.conf(5), version 2: where images are looked for. Reading is pure but for
 * regconf_load. */
#pragma once

#include "image/ref.h"
#include "runtime/base/words.h"

enum mirror_pull { MIRROR_ALL, MIRROR_DIGEST, MIRROR_TAG };

struct regconf_mirror {
	const char *location;
	bool is_insecure;
	enum mirror_pull pull;
};

struct regconf_registry {
	const char *prefix, *location; /* NULL: the other one */
	bool is_insecure, is_blocked, by_digest_only;
	struct regconf_mirror *mirrors;
	size_t n_mirrors;
};

struct regconf {
	struct words search;  /* unqualified-search-registries */
	bool is_enforcing;    /* short-name-mode */
	struct words aliases; /* name, value, name, value */
	struct regconf_registry *registries;
	size_t n_registries;
};

/* Adds what a file says; later files win. -EINVAL names the line. All in the arena. */
int regconf_parse(const char *text, struct arena *mem, struct regconf *conf, struct err *err);
/* The files of this machine and user. */
int regconf_load(struct arena *mem, struct regconf *ret, struct err *err);

/* What a short name may stand for, as full names. */
int regconf_names(const struct regconf *conf, const struct ref *ref, struct arena *mem,
		  struct words *ret, struct err *err);

/* A place to ask for an image: "HOST[:PORT]/PATH". */
struct regconf_place {
	const char *host, *path;
	bool is_insecure;
};

/* Where a full name is to be asked for, in this order. -EPERM: blocked. */
int regconf_places(const struct regconf *conf, const struct ref *ref, struct arena *mem,
		   struct regconf_place **ret, size_t *ret_n, struct err *err);
