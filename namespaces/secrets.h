/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets: what a container may know and nobody may find elsewhere. Each is a file of a private,
 * read-only tmpfs, which is made by operations of the plan: the values go from ctr's memory to the
 * executor and from there into the file system, and are nowhere else. */
#pragma once

#include "namespaces/rootfs.h"

#define SECRETS_DIR "/run/secrets"
#define SECRETS_OPTION "ctr-secrets" /* of the mount that they are in */

struct secret {
	const char *name;     /* of the file, below SECRETS_DIR */
	const char *target;   /* absolute path in the container where it is as well, or NULL */
	const char *variable; /* not a file, but this variable of the environment; or NULL */
	const char *data;     /* what is in the file; "VARIABLE=VALUE" */
	size_t size;
	uint32_t mode, uid, gid; /* ids as the container knows them */
};

struct secrets {
	struct secret *list;
	size_t n;
};

/* The mount, in the terms of its slots. */
struct secrets_mount {
	const char *dest;
	uint64_t attr;               /* MOUNT_ATTR_* beside read-only */
	bool keeps_memory;           /* its pages can be kept from the swap (tmpfs(5), noswap) */
	int16_t root, mount, target; /* slots */
};

/* -EINVAL: an owner whom the container's user namespace does not have. */
int secrets_plan(const struct secrets_mount *m, const struct rootfs_want *want,
		 const struct config_linux *l, struct oplist *ops, struct err *err);
