/* SPDX-License-Identifier: Apache-2.0 */
/* Commands on several containers, and the removal of one with all that the engine keeps for it. */
#pragma once

#include "cmd/command.h"

typedef int container_fn(struct call *call, const char *id, void *arg, struct err *err);

/* Calls fn for each of the command's words, also after a failure; returns the last one's. prints:
 * the id of each that went well, on standard output. */
int each_container(struct call *call, bool prints, container_fn *fn, void *arg, struct err *err);

struct engine_removal {
	bool force;   /* kill it first */
	bool volumes; /* those without a name, too */
};
int engine_remove(const struct call *call, const char *id, const struct engine_removal *want,
		  struct err *err);
