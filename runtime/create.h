/* SPDX-License-Identifier: Apache-2.0 */
/* A container being made: shared by create and run. */
#pragma once

#include "runtime/lifecycle.h"
#include "runtime/plan.h"
#include "runtime/spawn.h"

struct creation {
	struct container c;
	struct plan plan;
	struct spawn spawn;
	bool is_old;         /* it was there before */
	const char *created; /* and since then */
};

/* Makes the container up to the point where its init is ready and waits for the go. On failure
 * nothing is left behind and *ret is untouched. */
int creation_begin(const struct create_opts *o, const struct config *cfg, const struct host *host,
		   struct creation *ret, struct err *err);
/* Has the program run. */
int creation_start(struct creation *c, const struct config *cfg, struct err *err);
/* Removes all of it again: process, groups, directory. Never fails. */
void creation_undo(struct creation *c);
void creation_clear(struct creation *c);

/* Adds to a failure of the executor what can be found out about it: which of the many ways for a
 * program not to start this one is. Returns -err->num. */
int creation_explain(const struct spawn *s, const struct oplist *ops,
		     const struct config_process *process, struct err *err);

/* Gives the caller the terminal, the pid file and the pidfd that it asked for. */
int creation_hand_over(const struct stdio_opts *io, struct spawn *s, struct err *err);
