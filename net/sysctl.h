/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's network parameters, in the calling thread's network namespace. */
#pragma once

#include <stdbool.h>

#include "runtime/base/err.h"

/* Whether this kernel has IPv6, switched on. */
bool sysctl_has_six(void);

/* Whether the frames of bridges pass the host's packet filter for IP. */
bool sysctl_filters_bridges(void);

/* Lets the host forward packets, of IPv6 too when `six`. Links that learn their routes from router
 * advertisements go on doing so, which a forwarding host would not by itself. */
int sysctl_forward(bool six, struct err *err);

/* A new bridge takes no advice from what is plugged into it. `six` false: no IPv6 on it. */
int sysctl_bridge(const char *link, bool six, struct err *err);

/* The links that are made in this namespace from now on take no advice from others, and no IPv6
 * address but those that they are given. */
void sysctl_closed(void);
