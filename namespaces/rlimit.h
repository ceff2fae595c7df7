/* SPDX-License-Identifier: Apache-2.0 */
/* Resource limits: names and numbers, and the texts of --ulimit. */
#pragma once

#include "runtime/base/err.h"
#include "runtime/config/config.h"

/* "RLIMIT_NOFILE": the number for prlimit(2); -1 if there is no such limit. */
int rlimit_number(const char *type);

/* "RLIMIT_NOFILE" for its number, static; NULL if there is none. */
const char *rlimit_name(int resource);

/* One --ulimit: "nofile=1024:4096", "core=0" (soft and hard), "nproc=-1" (no limit; "unlimited" says
 * the same). ret->type is static. -EINVAL: no such limit, no number, soft above hard. */
int rlimit_parse(const char *text, struct config_rlimit *ret, struct err *err);
