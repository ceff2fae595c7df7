/* SPDX-License-Identifier: Apache-2.0 */
/* What was changed of a container while it runs, for its next start. Only containers that can be started
 * again have one: for others nothing is done. The caller holds the container's lock. */
#pragma once

#include "runtime/config/config.h"
#include "runtime/container.h"

/* Lays the resources over those of its config. */
int keep_resources(struct container *c, const struct config_resources *res, struct err *err);
