/* SPDX-License-Identifier: Apache-2.0 */
/* What containers with --network cni:NAME leave when they, and ctr with them, are killed: plugins that
 * were told ADD and not DEL. */
#pragma once

#include "runtime/base/err.h"
#include "runtime/base/str.h"

/* A line into *ret for each such container: one that has ended and was not taken away, or whose record
 * is gone, as it is after a reboot. `repairs`: its plugins are told DEL, with what is recorded; one that
 * fails does not keep others from it. Returns how many there were. */
int cni_left(const char *root, bool repairs, struct str *ret, struct err *err);
