/* SPDX-License-Identifier: Apache-2.0 */
/* A repository of a registry (distribution specification 1.1): its documents and blobs, for those who
 * may have them. */
#pragma once

#include "image/creds.h"
#include "image/fetch.h"
#include "image/http.h"
#include "image/regconf.h"

struct registry_opts {
	bool is_blind; /* --tls-verify=false: no certificates, and http if there is no https */
	const char *authfile;      /* or NULL */
	const char *cert_dir;      /* or NULL: certs.d/HOST in the usual places */
	const struct creds *creds; /* instead of a file's */
	bool may_push;
};

struct registry; /* its first member is a struct source */

/* `ref`: the full name, to which credentials belong; place: where it is asked for. */
int registry_open(const struct ref *ref, const struct regconf_place *place,
		  const struct registry_opts *opts, struct registry **ret, struct err *err);
void registry_free(struct registry *r);
struct source *registry_source(struct registry *r);

/* The descriptor of what `name`, a tag or a digest, leads to; the document is kept for the source. */
int registry_resolve(struct registry *r, const char *name, struct arena *mem,
		     struct oci_descriptor *ret, struct err *err);

/* Whether the registry lets us in; for login. */
int registry_ping(struct registry *r, struct err *err);

/* ---- pushing ----------------------------------------------------------------------------------*/

/* Sends a blob unless it is there: 1, else 0. */
int registry_push_blob(struct registry *r, const struct oci_descriptor *d, int fd, struct err *err);
int registry_push_manifest(struct registry *r, const char *name, const char *type, const char *text,
			   size_t len, struct err *err);
