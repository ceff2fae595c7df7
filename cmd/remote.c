/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cmd/remote.h"

int remote_read(const struct remote_opts *o, struct arena *mem, struct registry_opts *ret,
		struct err *err)
{
	struct registry_opts r = {.authfile = o->authfile, .cert_dir = o->cert_dir};
	bool verifies = !o->tls_verify || str_eq(o->tls_verify, "true");

	if (!verifies && !str_eq(o->tls_verify, "false"))
		return err_say(err, EINVAL, "--tls-verify: expected true or false, got \"%.40s\"",
			       o->tls_verify);
	r.is_blind = !verifies;
	if (o->creds) {
		const char *colon = strchr(o->creds, ':');
		struct creds *c = arena_zalloc(mem, 1, sizeof(*c));
		if (!colon || colon == o->creds)
			return err_say(err, EINVAL, "--creds: expected USER:PASSWORD");
		c->user = arena_copy(mem, o->creds, (size_t)(colon - o->creds));
		c->password = colon + 1;
		r.creds = c;
	}
	*ret = r;
	return 0;
}
