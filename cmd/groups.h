/* SPDX-License-Identifier: Apache-2.0 */
/* A name on the command line that is a container's or, where there is none, a tenant's. */
#pragma once

#include "cmd/command.h"

struct groups {
	const char **names; /* as in their records */
	size_t n;
};

int groups_find(const struct call *call, const char *name, struct groups *ret, struct err *err);
