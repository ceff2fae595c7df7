/* SPDX-License-Identifier: Apache-2.0 */
/* The config to begin with: what `runc spec` prints, so that tools which edit that one find what
 * they expect. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "runtime/base/mem.h"
#include "runtime/config/config.h"

struct spec {
	const char *hostname; /* runc takes the program's name; must outlive the config */
	bool has_cgroup_ns;   /* cgroup v2 hosts get a cgroup namespace */
	bool is_rootless;     /* for a user who is not root: his own id is mapped to root's */
	uid_t uid;            /* of that user */
	gid_t gid;
};

/* A config of its own, all of it in the arena and free to be changed. */
struct config *spec_config(const struct spec *spec, struct arena *arena);
