/* SPDX-License-Identifier: Apache-2.0 */
/* What the schema cannot say about a config: rules between members, word lists whose errors callers
 * see, forms of names. Nothing here asks the kernel; what this host cannot do is the planner's to
 * refuse. */
#pragma once

#include <stddef.h>

#include "runtime/base/err.h"
#include "runtime/base/mem.h"
#include "runtime/config/config.h"
#include "runtime/config/host.h"

enum { WARNINGS_MAX = 32 };

/* What is odd but legal, for the user's eyes: { .arena = &a } to begin with. Those above the
 * maximum are dropped. */
struct warnings {
	struct arena *arena;
	const char *texts[WARNINGS_MAX];
	size_t n;
};

/* 0, or -EINVAL with a message that begins with the JSON path. `warnings` may be NULL. */
int config_validate(const struct config *config, const struct host *host, struct warnings *warnings,
		    struct err *err);

/* The same for a process by itself, as exec --process reads it. */
int config_validate_process(const struct config_process *process, struct warnings *warnings,
			    struct err *err);

/* The same for resources by themselves, as update reads them. */
int config_validate_resources(const struct config_resources *resources, struct warnings *warnings,
			      struct err *err);
