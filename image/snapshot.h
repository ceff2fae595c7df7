/* SPDX-License-Identifier: Apache-2.0 */
/* An image of the store as what a container is made of: its layers, each one directory that all
 * containers share, below a writable layer of its own. */
#pragma once

#include "image/compose.h"
#include "image/store.h"

/* Where a container's writable layer is: "containers/NAME" below the store, NAME from the id and the
 * directory of its record. In the arena. */
const char *snapshot_path(const char *root, const char *id, struct arena *mem);

struct snapshot {
	int fd; /* of the writable layer's directory: locked until it is closed, so that nobody takes it
		 * for one that was left behind */
	struct image image; /* as `ctr run` needs it */
};

#define SNAPSHOT_NONE                                                                              \
	{                                                                                          \
		.fd = -1                                                                           \
	}

struct snapshot_want {
	const char *root, *id; /* the container's */
	uint64_t disk;         /* most that it may write; 0: as much as there is room for */
	bool in_memory;        /* which is kept in memory, not on a disk of its own */
	bool is_fleeting;      /* it goes away with its container's end */
	uint32_t kernel;       /* as in struct host */
};

/* Makes the writable layer. -ENOENT with the code
 * "not-unpacked": a layer is missing. */
int snapshot_make(const struct store *s, const struct stored *image,
		  const struct snapshot_want *want, struct arena *mem, struct snapshot *ret,
		  struct err *err);
/* Whether the writable layer is nobody's any more: its container's record is gone, and no ctr is about
 * to make it. */
bool snapshot_is_left(int dir);
/* No container came of it. */
void snapshot_drop(const struct store *s, const char *root, const char *id);
void snapshot_clear(struct snapshot *p);
