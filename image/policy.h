/* SPDX-License-Identifier: Apache-2.0 */
/* containers-policy.json(5): which images may come into the store, by where they come from. Pure but
 * for policy_load. */
#pragma once

#include "image/ref.h"
#include "runtime/base/words.h"

enum policy_kind { POLICY_ACCEPT, POLICY_REJECT, POLICY_SIGNED };

struct policy_rule {
	enum policy_kind kind;
	const char *type; /* as the file calls it */
};

/* All of its rules must be fulfilled. */
struct policy_scope {
	const char *transport, *scope; /* scope "": whatever else comes by this transport */
	struct policy_rule *rules;
	size_t n_rules;
};

struct policy {
	const char *file; /* NULL: there is none, all is accepted */
	struct policy_scope fallback;
	struct policy_scope *scopes;
	size_t n_scopes;
};

/* Strictly: a key that is not known might be meant to forbid something. -EINVAL. All in the arena. */
int policy_parse(const char *text, size_t len, struct arena *mem, struct policy *ret,
		 struct err *err);
/* `given`, or the file of this user, or else of the machine. */
int policy_load(const char *given, struct arena *mem, struct policy *ret, struct err *err);

/* What is asked about: scopes from the most specific one to the least, without "". */
struct policy_subject {
	const char *transport, *name;
	struct words scopes;
};

/* An image of a registry: "HOST/PATH:TAG", "HOST/PATH", each parent, the host, "*.DOMAIN"s. `ref` is a
 * full name. */
struct policy_subject policy_of_ref(const struct ref *ref, struct arena *mem);
/* An image of a file or directory, by its absolute path (NULL: a stream): "PATH:NAME", "PATH", each
 * directory above it. `name` may be NULL. */
struct policy_subject policy_of_file(const char *transport, const char *path, const char *name,
				     struct arena *mem);
/* One of a transport that knows no scopes but "". */
struct policy_subject policy_of_archive(const char *transport, const char *path);
/* Where an open file is, every link resolved; NULL: nowhere, such as a pipe. */
const char *policy_path(int fd, struct arena *mem);

/* -EPERM: it is refused; -ENOTSUP: something is wanted of it that ctr can't verify. */
int policy_check(const struct policy *p, const struct policy_subject *s, struct err *err);
