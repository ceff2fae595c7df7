/* SPDX-License-Identifier: Apache-2.0 */
/* What a registry demands and what is told to whom. Pure. */
#pragma once

#include <stdbool.h>

#include "runtime/base/mem.h"

struct auth_challenge {
	bool is_bearer; /* else basic */
	const char *realm, *service, *scope;
};

/* The lines of WWW-Authenticate; of several, bearer. False: none that is known. */
bool auth_parse(const char *lines, struct arena *mem, struct auth_challenge *ret);

/* Whether credentials for `registry` (host[:port]) may go to that realm, a URL: its own host and port,
 * or over https another host of the same site. */
bool auth_realm_ok(const char *registry, bool is_tls, const char *realm);

/* For a query: "%XX" for what needs it. */
const char *auth_escape(const char *text, struct arena *mem);
