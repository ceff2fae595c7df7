/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for the kernel, inside of cgroups/. */
#pragma once

#include <stdint.h>

/* Until "KEY VALUE" stands in v2's cgroup.events. 0 at once if it does, or if the group is gone;
 * -ETIMEDOUT after ms. */
int cg_wait_event(const char *dir, const char *key, uint64_t value, int ms);
