/* SPDX-License-Identifier: Apache-2.0 */
/* Files of podman-systemd.unit(5) as units of systemd. Pure. */
#pragma once

#include "runtime/base/err.h"
#include "runtime/base/mem.h"
#include "runtime/base/str.h"

struct quadlet {
	const char *ctr;  /* the program, with an absolute path */
	const char *path; /* of the file: absolute; what it is says its ending */
	const char *text;
	bool is_user; /* for the manager of a user */
};

/* "web.container" makes "web.service"; "db.volume" "db-volume.service"; "lan.network"
 * "lan-network.service". NULL: no such file. */
const char *quadlet_unit_name(const char *file, struct arena *mem);

/* Appends the unit. *ret_wanted: the units of WantedBy= and RequiredBy=, as "multi-user.target.wants" and
 * "….requires". What is not known, or has no counterpart here, is refused by its line. -EINVAL, -ENOTSUP. */
struct words;
int quadlet_unit(const struct quadlet *q, struct arena *mem, struct str *out,
		 struct words *ret_wanted, struct err *err);
