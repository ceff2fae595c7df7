/* SPDX-License-Identifier: Apache-2.0 */
/* Copies a tree of files to another place. What is there is replaced, never written into or through:
 * a file takes its place by a rename, a link is a thing like others, and of directories only those are
 * entered that are directories. Where one of both ends is a container's, nothing it does meanwhile leads
 * to another place. */
#pragma once

#include "runtime/walk.h"

struct copy {
	int from;
	const char *name; /* in `from`; ".": it itself */
	int to;
	const char *as; /* its name in `to`; NULL: what is in the directory comes into `to` */
	struct owner owner;
	bool keeps_rights;  /* set-id bits and capabilities; else they stay behind */
	bool skips_devices; /* the device nodes stay behind */
};

int copy_tree(const struct copy *c, struct err *err);
