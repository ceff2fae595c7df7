/* SPDX-License-Identifier: Apache-2.0 */
/* Directories that a layer has files in but says nothing of (some builders leave such entries out):
 * they cover those of the layers below, so they get their attributes. */
#pragma once

#include <stddef.h>

#include "runtime/base/err.h"

/* All paths are below the store's directory `fd`. layer: a directory that ctr-unpack has filled; its
 * list is read and removed. trees: of the layers below, the lowest first. */
int implied_settle(int fd, const char *layer, const char *const *trees, size_t n_trees,
		   struct err *err);
