/* SPDX-License-Identifier: Apache-2.0 */
/* A scripted parent for ctr-init: lists of operations by hand, and what the executor says to them. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "runtime/base/chan.h"
#include "runtime/base/oplist.h"

struct peer {
	pid_t pid;
	int chan;
	struct op_msg msg;   /* the last one heard */
	struct chan_fds fds; /* that came with it */
};

/* A user namespace in which we are root (unless we are root already and `real` asks for that), a
 * mount namespace, and an empty /tmp of our own. False: this cannot be had here. */
bool peer_enter(bool real);

/* Executes ctr-init with the list; `listener` is SLOT_FIRST or -1. The list is cleared. */
struct peer peer_start(struct oplist *l, int listener);
/* Waits for the next message; 0 at the end, else its type. */
uint32_t peer_hear(struct peer *p);
void peer_say(struct peer *p, uint32_t type, const int *fds, unsigned n);
/* Hangs up and waits for the executor's end. The exit code, or 128 + the signal. */
int peer_end(struct peer *p);

/* A whole run without a word from the parent: 0, or the errno that was reported; *ret_op is the
 * operation it was reported for (may be NULL). */
int peer_run(struct oplist *l, uint32_t *ret_op);

/* Appends an operation on a path below a slot. */
struct op *peer_op(struct oplist *l, enum op_kind kind, int16_t fd, const char *path);
/* Appends an OP_OPEN of a directory by its absolute path and gives its slot. */
int16_t peer_open(struct oplist *l, const char *path);
/* Gives an operation a blob. */
void peer_data(struct oplist *l, struct op *op, const void *p, size_t n);
/* Appends OP_EXEC of /bin/sh -c `script` with n strings of environment. */
void peer_shell(struct oplist *l, const char *script, const char *const *env, size_t n);

/* Files for tests: written, read (static storage), whether a path is there (links not followed). */
void peer_write_file(const char *path, const char *text);
const char *peer_read_file(const char *path);
bool peer_exists(const char *path);
