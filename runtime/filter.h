/* SPDX-License-Identifier: Apache-2.0 */
/* The compiled seccomp filter of a config, from the cache where that has it. */
#pragma once

#include "namespaces/seccomp.h"

/* root: the runtime root, below which the cache lives; NULL: compile, and keep nothing. Without a
 * profile *ret is {0}. A cache that cannot be used is no error. */
int filter_get(const struct config *cfg, const struct host *host, const char *root,
	       struct seccomp_filter *ret, struct err *err);
