/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of image/compose.c, one for each group of flags. All are pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/err.h"
#include "runtime/base/mem.h"
#include "runtime/base/words.h"
#include "runtime/config/config.h"

struct compose; /* image/compose.h */

enum { PIDS_DEFAULT = 512 };

/* mounts[]: what every container has, then --tmpfs, --mount and --volume in this order. */
int compose_mounts(const struct compose *in, struct config *cfg, struct err *err);

/* linux.resources and process.rlimits. */
int compose_limits(const struct compose *in, struct config *cfg, struct err *err);

/* Capabilities, labels, seccomp, masks, no_new_privs, devices. */
int compose_privileges(const struct compose *in, struct config *cfg, struct err *err);

/* The words of --security-opt. */
struct security {
	const char *seccomp;  /* NULL: the default profile; "unconfined"; a file */
	const char *apparmor; /* NULL: none */
	const char *label;
	bool gains_privileges; /* no-new-privileges=false */
	bool shows_system;     /* systempaths=unconfined: nothing masked */
};
int security_parse(const struct words *words, struct security *ret, struct arena *mem,
		   struct err *err);

/* One --device: HOST[:CONTAINER][:ACCESS]. */
struct device_spec {
	const char *host, *path, *access;
};
int device_parse(const char *text, struct device_spec *ret, struct arena *mem, struct err *err);

/* A list with the words of a NULL-terminated one. */
const char **compose_list(const char *const *words, size_t *ret_n, struct arena *mem);

/* linux.namespaces and the mappings of ids. -EINVAL: --pid, --ipc, --uts or --cgroupns is no word for it, or
 * does not go with another flag. */
int compose_namespaces(const struct compose *in, struct config_linux *l, struct err *err);

/* Whether the container gets a user namespace. */
bool compose_maps_ids(const struct compose *in);

/* Whether it is in the host's namespace of that type: pid, ipc, uts, cgroup or network. */
bool compose_is_hosts(const struct compose *in, enum config_namespace_type type);
