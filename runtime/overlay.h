/* SPDX-License-Identifier: Apache-2.0 */
/* The root of a container of an image while it does not run, for who looks into it or copies. */
#pragma once

#include <stdbool.h>

#include "namespaces/rootfs.h"
#include "runtime/state.h"

/* Mounts it where nobody else can see it: the mount lives as long as the descriptor of its root, which
 * is returned. Without the writable layer, it is the image alone and cannot be changed. Without privilege the
 * caller, who must have one thread, gets into a user namespace of his own for it. */
int overlay_open(const struct rootfs_overlay *o, bool with_upper, struct err *err);

/* -ESTALE: what was written was to go away with the container's end, and may not be whole: it can't be
 * mounted again. */
int overlay_check(const struct rootfs_overlay *o, struct err *err);

/* That of an image's container, as its record has it. */
struct rootfs_overlay overlay_recorded(const struct state_options *o);
