/* SPDX-License-Identifier: Apache-2.0 */
/* Device programs in the kernel. */
#pragma once

#include "cgroups/devices.h"

/* Loads the program and makes it the only one attached to the group. A group that was made a moment
 * ago has none (is_new): that saves the questions. The device is never unguarded in between: an old
 * program is replaced in one step, or stays until the new one is there. */
int cg_bpf_attach(int cgroup, const struct cg_bpf *, bool is_new, struct err *err);
