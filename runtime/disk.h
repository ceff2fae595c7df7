/* SPDX-License-Identifier: Apache-2.0 */
/* The disk of a container: its writable layer in a file system of its own, so that it ends where it was
 * said to end. The file system is in a sparse file of the store, behind a loop device that goes away by
 * itself with the last mount of it; nothing is ever attached in the host's own mount namespace. A ctr
 * that is killed leaves the file, and that is named in the container's record. */
#pragma once

#include <stdint.h>

#include "namespaces/rootfs.h"
#include "runtime/base/err.h"

enum { DISK_MIN = 8 << 20 };

/* Makes the file dir/name of that size with an empty ext4 in it (mke2fs(8)). */
int disk_make(int dir, const char *name, uint64_t size, struct err *err);

/* A detached mount of what is in the file, with the directories `upper` and `work` in it: its
 * descriptor. One that is mounted already, by the container itself, is the same file system again. */
int disk_open(const char *path, struct err *err);

/* Attaches the disk of an overlay, if it has one, to its place (o->upper), in a mount namespace that the
 * caller alone is in from then on. */
int disk_attach(const struct rootfs_overlay *o, struct err *err);
