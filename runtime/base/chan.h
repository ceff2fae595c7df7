/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between ctr and its executor: one SEQPACKET packet is one struct op_msg, descriptors
 * ride along. */
#pragma once

#include <stddef.h>

#include "runtime/base/op.h"

struct chan_fds {
	int fd[MSG_FDS_MAX]; /* close-on-exec; the receiver owns them */
	unsigned n;
};

/* A connected pair of close-on-exec sockets. 0 or -errno. */
int chan_pair(int ret[2]);
/* Listens at dirfd/name (mode 0600), connects to it. Paths longer than sun_path are reached through
 * the directory descriptor. Returns the socket or -errno. */
int chan_listen(int dirfd, const char *name);
int chan_connect(int dirfd, const char *name);

/* 0 or -errno; SIGPIPE is never raised. fds may be NULL. */
int chan_send(int sock, const struct op_msg *msg, const int *fds, unsigned n_fds);
/* 1 message, 0 at end-of-file, -errno; -EPROTO for a packet of the wrong size or truncated
 * descriptors. Descriptors beyond what the caller takes (ret_fds NULL: none) are closed. */
int chan_recv(int sock, struct op_msg *ret, struct chan_fds *ret_fds);
void chan_fds_clear(struct chan_fds *fds);
