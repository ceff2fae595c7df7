/* SPDX-License-Identifier: Apache-2.0 */
/* --env and --env-file of `ctr run`. */
#pragma once

#include "runtime/base/err.h"
#include "runtime/base/words.h"

/* Makes of `env`, the words of --env, the environment: first what is in the files, so that --env has the
 * last word; a name without a value is passed on, if ctr itself has it. -errno of a file, -EFBIG above
 * 1 MiB. */
int run_env(const struct words *files, struct words *env, struct arena *mem, struct err *err);
