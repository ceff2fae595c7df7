/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of a layer's tar, into its tree. */
#pragma once

#include "image/unpack/inflate.h"
#include "image/unpack/tree.h"

/* Reads the tar to its end, and what may be behind it: all of it counts for the digest. */
int tar_unpack(struct inflate *in, struct tree *to, struct err *err);
