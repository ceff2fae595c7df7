/* SPDX-License-Identifier: Apache-2.0 */
/* Times as callers of OCI runtimes write them. Pure. */
#pragma once

#include "runtime/base/err.h"

/* "5s", "1m30s", "250ms", "1.5h": more than none and less than 24 days; milliseconds. -EINVAL. */
int duration_ms(const char *text, int *ret, struct err *err);
