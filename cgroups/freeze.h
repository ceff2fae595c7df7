/* SPDX-License-Identifier: Apache-2.0 */
/* Stopping time for one group, inside of cgroups/. */
#pragma once

#include <stdbool.h>

/* v1's freezer, of which one write may freeze a part only. Both wait: -ETIMEDOUT after ms. */
int cg_freeze_v1(const char *dir, bool freeze, int ms);
int cg_freeze_v2(const char *dir, bool freeze, int ms);
