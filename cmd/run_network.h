/* SPDX-License-Identifier: Apache-2.0 */
/* The network of `ctr run`: flags read, and what only the moment can tell. */
#pragma once

#include "image/compose.h"

/* Reads the flags of `in`, a container of that tenant (NULL: nobody's), CTR_NETWORK in place of a --network that is not given; makes the default network
 * on first use. Where nobody asked for a network and the host lets none be made, a warning says why
 * and the container has a loopback. */
int run_network_look(const struct compose *in, const char *root, const char *tenant,
		     struct run_network *ret, struct err *err);
