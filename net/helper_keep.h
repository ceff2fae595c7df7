/* SPDX-License-Identifier: Apache-2.0 */
/* The process that holds a helper (net/helper.h) as long as the container lives. */
#pragma once

#include "runtime/base/err.h"

enum { KEEPER_TEXT_MAX = 300 };

struct keeper {
	const char **argv; /* of the helper */
	int dir;           /* in which it is started */
	int init;          /* pidfd of the container's first process */
	int lock;          /* held until all has ended */
	int word;          /* told an empty text once the helper is ready, or why it ended */
};

/* The keeper is nobody's child. All descriptors stay the caller's. */
int keeper_start(const struct keeper *k, struct err *err);
