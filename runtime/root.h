/* SPDX-License-Identifier: Apache-2.0 */
/* A container's root file system from outside: as the container sees it while it runs, else put
 * together for the purpose. Paths below it go through runtime/base/path.h. */
#pragma once

#include "namespaces/rootfs.h"
#include "runtime/container.h"
#include "runtime/walk.h"

struct container_root {
	struct container container; /* locked unless it runs: nobody starts it meanwhile */
	int fd;                     /* of the root directory */
	bool is_running, is_readonly;
	struct owner own;          /* who is root in it */
	struct owner into, out_of; /* owners between it and the host */
	struct owner of_layer;     /* out of its writable layer's directory */
	struct config *config;
	struct arena mem;
};

#define CONTAINER_ROOT_NONE                                                                        \
	{                                                                                          \
		.container = {.dir_fd = -1, .pidfd = -1}, .fd = -1                                 \
	}

int container_root_open(const char *root, const char *id, struct container_root *ret,
			struct err *err);
void container_root_clear(struct container_root *r);

/* What the caller makes from here on belongs to the container's root. A file system of its user namespace
 * takes files of none but those whom that knows. */
int container_root_become(const struct container_root *r, struct err *err);

/* Whether what was opened below the root is what the container has at that place while it runs, too.
 * Volumes and the like are only there then: -EBUSY names the one. */
int container_root_check(const struct container_root *r, int fd, struct err *err);

/* The overlay of a container of an image, from its record. False: it has none on disk. */
bool container_overlay(const struct container *c, struct rootfs_overlay *ret);
