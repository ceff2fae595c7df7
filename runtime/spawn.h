/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's side of starting a process: the executor is cloned, handed its operations, and its
 * messages are answered until it is ready. */
#pragma once

#include <sys/types.h>

#include "runtime/base/auto.h"
#include "runtime/base/chan.h"
#include "runtime/base/err.h"
#include "runtime/base/oplist.h"
#include "runtime/proto.h"

/* One start: what is alive while it goes on. */
struct spawn {
	int chan;   /* to the executor */
	int pidfd;  /* of the process that will be the program */
	pid_t pid;  /* in ctr's pid namespace */
	int helper; /* pidfd of the process that OP_FORK left behind, to be reaped; -1: none */
	enum proto_state state;
	int console; /* terminal's master, if one came */
	int seccomp; /* notify listener, if one came */
	int output;  /* what the executor's hooks print, once it asked for the file */
	int root;    /* the container's root, sent with a failure to find or execute the program */
	uint32_t failed_op;
	int failed_num;  /* errno of the failure */
	int hook_status; /* how a hook ended that failed (wait(2)), or 0 */
};

#define SPAWN_NONE                                                                                 \
	{                                                                                          \
		.chan = -1, .pidfd = -1, .helper = -1, .console = -1, .seccomp = -1, .output = -1, \
		.root = -1                                                                         \
	}
void spawn_clear(struct spawn *s);

struct spawn_args {
	const struct oplist *ops;
	uint64_t clone_flags; /* CLONE_NEW* */
	int cgroup;           /* v2 directory to be born in, or -1 */
	const int *fds; /* for the inherited slots from SLOT_FIRST on: ops->n_fds - SLOT_FIRST */
	unsigned preserve_fds; /* 3 … stay open for the program */
	const int *streams;    /* to become 0, 1 and 2; NULL: those of ctr */
};

/* Clones the executor. On success the caller owns *ret (spawn_clear; the process lives on). */
int spawn_begin(const struct spawn_args *args, struct spawn *ret, struct err *err);

/* Does the parent's part of a sync point; may put descriptors into *reply, which are sent with the
 * answer and closed. */
typedef int spawn_sync(void *arg, enum sync_point point, struct spawn *s, struct chan_fds *reply,
		       struct err *err);

/* Handles messages until the executor is READY, or, once told to go, until the program RUNs.
 * A failure that the executor reported is told as `plan's why: errno`; s->failed_op and
 * s->failed_num have it for whoever can say more. -EPROTO when it died without a word. */
int spawn_until(struct spawn *s, enum proto_state goal, const struct oplist *ops, spawn_sync *sync,
		void *arg, struct err *err);

/* Says to one that will be started over its socket that it can be found: from now on it outlives us. */
int spawn_leave(struct spawn *s, struct err *err);

/* Says go. */
int spawn_go(struct spawn *s, struct err *err);

/* Ends the process, whatever it is doing, and reaps it if it is ctr's child. */
void spawn_kill(struct spawn *s);
