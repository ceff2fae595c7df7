/* SPDX-License-Identifier: Apache-2.0 */
/* The image `host`: the host's own root, read-only below a private writable layer, without its
 * secrets. Nothing has to be downloaded for it. */
#pragma once

#include "image/compose.h"

enum { HOST_DISK_DEFAULT = 256 << 20 };

/* disk: most that the container may write, in bytes. `root` is the directory of all containers: an
 * empty directory in it, made when it is missing, is where the overlay is mounted, in the
 * container's mount namespace only. */
int host_image(const char *root, uint64_t disk, struct arena *mem, struct image *ret,
	       struct err *err);

/* The same for a user who is not root: in a user namespace nobody may lay an overlay over a root with
 * mounts below it (has_locked_children in the kernel's fs/namespace.c), so the root is the host's
 * itself, read-only. Files are protected by their modes, and what is hidden is masked. */
void host_image_rootless(struct arena *mem, struct image *ret);

/* A directory of the host as an image: no config, nothing hidden. `path` must be absolute. */
int directory_image(const char *path, struct arena *mem, struct image *ret, struct err *err);
