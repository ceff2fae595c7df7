/* SPDX-License-Identifier: Apache-2.0 */
/* One object of the field tables laid over another. Pure. */
#pragma once

#include "runtime/base/mem.h"
#include "runtime/config/config.h"

/* What `over` says takes the place of what `into` says, object by object and member by member. Of lists and
 * maps it is the elements about the same thing: of the same key, name or device number; the others
 * stay, and new ones come behind. The rules for devices, which count in their order, are taken as a
 * whole. What `into` points to afterwards is the arena's, `over`'s or its own; nothing that it pointed to is
 * changed. */
void config_merge(const struct table *table, void *into, const void *over, struct arena *mem);

/* The same for an update of a container's resources, so that a start from the result ends where the
 * update did: memory without swap changes memory alone (joint: cgroup v1 counts both together), and a
 * limit in the words of cgroup v2 (unified) goes where one in OCI's has come after it. */
void config_merge_resources(struct config_resources *into, const struct config_resources *over,
			    bool joint, struct arena *mem);
