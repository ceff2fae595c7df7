/* SPDX-License-Identifier: Apache-2.0 */
/* What a container has of another one that runs: its network, its processes, its volumes. Whose they
 * are is in the record, so that each start finds the namespaces that there are then. */
#pragma once

#include "cmd/command.h"
#include "image/compose.h"
#include "runtime/container.h"
#include "runtime/state.h"

/* Opens a container that must be running; `flag` (as in "--pid") is for errors. -ESRCH: it is not. */
int joined_open(const char *root, const char *flag, const char *id, struct container *ret,
		struct err *err);
/* The file of its namespace of that name ("pid"; namespaces(7)). In the arena. */
const char *joined_path(const struct container *c, const char *name, struct arena *mem);

/* --pid container:ID: fills facts->pid_path, or leaves it. Notes that and --network container:ID, which
 * facts->network has, in *ret. */
int joined_find(const struct compose *in, const char *root, struct run_facts *facts,
		struct state_options *ret, struct err *err);

/* Before a container is started again: the config's paths, as they are now. */
int joined_again(const struct call *call, const struct state_options *o, struct config *cfg,
		 struct err *err);

/* --volumes-from ID[:ro]: what those containers have mounted of the host's and of volumes, put in front of
 * flags->volumes. */
int joined_volumes(const struct call *call, const struct words *from, struct run_flags *flags,
		   struct err *err);
