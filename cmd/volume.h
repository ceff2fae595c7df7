/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes: directories that outlive containers. One is
 *
 *     STATE/volumes/NAME/_data        what containers see
 *     STATE/volumes/NAME/anonymous    there: it was made without a name, for one container
 *     STATE/volumes/NAME/labels       NAME=VALUE, a line each
 *
 * A shared lock on STATE/volumes is held by who is about to use some, an exclusive one by who
 * removes. */
#pragma once

#include "cmd/command.h"
#include "image/compose.h"
#include "runtime/state.h"

/* STATE/volumes. In the arena. */
const char *volumes_dir(const char *root, struct arena *mem);

/* Makes the volumes that -v and --mount name and that are missing, and writes the flags anew so that
 * only paths are left. Returns the locked directory, to be kept until the container's record is
 * there, or -errno. */
int volumes_prepare(const struct call *call, struct run_flags *flags, struct state_options *ret,
		    struct err *err);
/* Removes those without a name that were made for this container. */
void volumes_remove(const char *root, const struct state_options *o);

/* Removes those that no container uses; all: those with a name, too. The names, a line each. */
int volumes_prune(const struct call *call, bool all, struct str *ret, struct err *err);

struct volume_usage {
	const char *name, *user; /* a container that uses it, or NULL */
	uint64_t bytes;
};
int volumes_measure(const struct call *call, struct volume_usage **ret, size_t *ret_n,
		    struct err *err);
