/* SPDX-License-Identifier: Apache-2.0 */
/* What run, start and attach have in common. */
#pragma once

#include "cmd/command.h"
#include "runtime/attach.h"

struct attach_flags {
	const char *keys;            /* NULL: ctrl-p,ctrl-q */
	const char *sig_proxy;       /* NULL: true */
	const struct words *streams; /* names; none: all of them */
	bool has_input;
};

/* keys: where those that leave are kept; *ret points there. */
int attach_flags_read(const struct attach_flags *f, bool is_terminal, char keys[ATTACH_KEYS_MAX],
		      struct attach_opts *ret, struct err *err);

/* attach_run on the connection of a container; *ret_status is 0 when it was left alone. */
int attach_container(const char *root, const char *id, int sock, const struct attach_opts *o,
		     int *ret_status, struct err *err);
