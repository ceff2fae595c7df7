/* SPDX-License-Identifier: Apache-2.0 */
/* An image of the store for a container that is to be: fetched when it is missing, with a writable
 * layer of its own. */
#pragma once

#include "cmd/command.h"
#include "image/snapshot.h"

struct stored_want {
	const char *name;
	const char *pull; /* always, missing, never; NULL: missing */
	bool quiet;       /* fetching it shows no progress */
	struct snapshot_want snapshot;
};

int stored_image(const struct call *call, const struct stored_want *want, struct snapshot *ret,
		 struct err *err);
/* Gives the writable layer back unless a container has it. */
void stored_undo(const struct call *call, const struct stored_want *want);
