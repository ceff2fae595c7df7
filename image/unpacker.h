/* SPDX-License-Identifier: Apache-2.0 */
/* The parent of ctr-unpack (image/unpack/): starts it, feeds it a layer, hears the end. */
#pragma once

#include <sys/types.h>

#include "image/store.h"

struct unpacker {
	pid_t pid;
	int chan;
	int feed; /* where the layer's bytes go, as they are; -1: it reads them by itself */
};

#define UNPACKER_NONE                                                                              \
	{                                                                                          \
		0, -1, -1                                                                          \
	}

struct unpacker_want {
	const char *sub;     /* the stage's new directory to unpack into */
	int from;            /* a descriptor with the layer, or -1 to feed it */
	const char *diff_id; /* what the tar's digest should be; NULL: any */
	bool is_plain;       /* not a layer: names that begin with ".wh." are names like others */
};
int unpacker_start(const struct stage *g, const struct unpacker_want *want, struct unpacker *ret,
		   struct err *err);
/* No more bytes come. Waits for the end; -EBADMSG unless the tar's digest is diff_id (NULL: any).
 * *ret_digest (may be NULL) gets what it is. */
int unpacker_finish(struct unpacker *u, const char *diff_id, char *ret_digest, struct err *err);
/* Ends it, finished or not. */
void unpacker_clear(struct unpacker *u);
