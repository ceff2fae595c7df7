/* SPDX-License-Identifier: Apache-2.0 */
/* A network device of the host that a container gets for its own (linux.netDevices). */
#pragma once

#include "runtime/base/err.h"

/* Moves the link `name` of ctr's own network namespace into `netns` under the name `new_name` (which
 * may hold one %d), gives it back its permanent global addresses, which moving takes away, and
 * switches it on. The kernel does not move it back: it does that itself when the namespace ends. */
int device_move(const char *name, const char *new_name, int netns, struct err *err);
