/* SPDX-License-Identifier: Apache-2.0 */
/* The socket by which slirp4netns is told what to publish (slirp4netns(1), API SOCKET). */
#pragma once

#include "gen/wire.h"
#include "runtime/base/err.h"

#define SLIRP_SOCKET "net.sock"
#define SLIRP_ADDRESS "10.0.2.100"
#define SLIRP_RESOLVER "10.0.2.3"

/* All that the end publishes; `dir` is where the socket is. */
int slirp_publish(int dir, const struct wire_end *e, struct err *err);
