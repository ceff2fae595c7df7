/* SPDX-License-Identifier: Apache-2.0 */
/* The listener of a seccomp filter goes to the socket that the config names (config-linux.md, "The
 * Container Process State"). */
#pragma once

#include <sys/types.h>

#include "runtime/base/err.h"

struct config;
struct state;

/* linux.seccomp.listenerPath, else crun's annotation run.oci.seccomp.receiver; NULL: none. */
const char *listener_path(const struct config *cfg);

/* `pid` is the process that the filter is on, `init` the container's first one: they differ for
 * exec. Connects, sends one message, closes. */
int listener_send(const struct state *s, int listener, pid_t pid, pid_t init, struct err *err);
