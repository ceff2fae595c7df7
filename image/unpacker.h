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

/* Starts unpacking into the stage's new directory `sub`. `from`: a descriptor with the layer, or -1 to
 * feed it. diff_id: whose digest is to be taken. */
int unpacker_start(const struct stage *g, const char *sub, int from, const char *diff_id,
		   struct unpacker *ret, struct err *err);
/* No more bytes come. Waits for the end; -EBADMSG unless the tar's digest is diff_id (NULL: any).
 * *ret_digest (may be NULL) gets what it is. */
int unpacker_finish(struct unpacker *u, const char *diff_id, char *ret_digest, struct err *err);
/* Ends it, finished or not. */
void unpacker_clear(struct unpacker *u);
