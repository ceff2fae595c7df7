/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of a container, read back. */
#pragma once

#include "cgroups/cgroup.h"
#include "runtime/container.h"

/* The config that it was created from; lives in the arena. */
int load_config(const struct container *c, struct arena *mem, struct config **ret, struct err *err);
/* Its cgroup manager: later commands often come without --systemd-cgroup (contract 2.1). */
enum cg_manager load_manager(const struct container *c);
