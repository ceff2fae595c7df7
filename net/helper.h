/* SPDX-License-Identifier: Apache-2.0 */
/* The network of those who may not make links on the host: a program of the user's own, pasta or
 * slirp4netns, stands in the container's network namespace and makes ordinary connections of what is
 * sent there. A keeper, a process of ctr's, holds the program and a pidfd of the container: it ends
 * the one with the other, whatever becomes of ctr. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "gen/wire.h"
#include "runtime/base/err.h"
#include "runtime/base/mem.h"

/* Whether --network NAME means one of them. */
bool helper_is(const char *name);

/* Which one serves here: the one that is named, or, name NULL, pasta where the host has a default
 * route, else slirp4netns. -ENOENT: not installed; -EACCES: no /dev/net/tun. */
int helper_choose(const char *name, const char **ret, struct err *err);

/* Its command line, NULL behind it. `own_user`: the container has a user namespace of its own. Pure;
 * -ENOTSUP: it can't publish that. */
int helper_argv(const struct wire_end *e, pid_t pid, bool own_user, struct arena *mem,
		const char ***ret, struct err *err);

/* Starts it for the network namespace of the process, whose ids are mapped by now, and waits until
 * packets flow. `dir` is <root>/ID. */
int helper_start(int dir, pid_t pid, const struct wire_end *e, struct err *err);

/* The container is dead: waits until its ports are free again. */
int helper_wait(int dir, struct err *err);
