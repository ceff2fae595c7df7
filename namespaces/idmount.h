/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts that only one can make who is privileged over the file system: id-mapped bind mounts, and the
 * disk of a container. What they are is planned; the parent makes them, and hands them to the executor
 * (SYNC_MOUNTS). */
#pragma once

#include "namespaces/idmap.h"
#include "namespaces/mount_words.h"

enum { IDMOUNTS_MAX = 64 };

enum { IDMOUNT_ROOT = -1 }; /* a part of the root */

struct idmount {
	ssize_t index;      /* of mounts[] */
	const char *source; /* absolute */
	bool nofollow;
	bool is_disk;  /* the source is a file with a file system in it (runtime/disk.h) */
	bool is_plain; /* its ids stay as they are */
	enum mount_depth bind, depth; /* what is bound, and how far down ids are mapped */
	/* As id maps of a user namespace: ids of the file system, and what they are on the host. With
	 * no lines: those of the container's own user namespace. */
	struct idmap_pair maps;
};

struct idmounts {
	struct idmount *list;
	size_t n;
};

/* The detached mount; `user`: the directory in /proc of a process in the container's user namespace.
 * Returns its descriptor. */
int idmount_open(const struct idmount *m, int user, struct err *err);

/* The ids of a mount that is there already. */
int idmount_map(const struct idmount *m, int mount, int user, struct err *err);

/* For `ctr plan`. */
void idmount_print(struct str *out, const struct idmount *m);
