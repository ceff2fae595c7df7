/* SPDX-License-Identifier: Apache-2.0 */
/* A program that tells when it is ready (sd_notify(3)), to a service manager that would not listen to
 * a process of another cgroup: ctr passes the one word on, and says who is meant.
 *
 * The container's socket is DIR/notify/notify.sock; the directory is mounted, read-only, on
 * /run/notify. */
#pragma once

#include <sys/types.h>

#include "runtime/base/err.h"
#include "runtime/base/mem.h"
#include "runtime/config/config.h"

#define NOTIFY_DIR "notify"

/* Adds the mount and the variable NOTIFY_SOCKET; `dir` is the container's. */
void notify_tell(struct config *cfg, const char *dir, struct arena *mem);
/* Makes the directory. */
int notify_prepare(int dir_fd, struct err *err);
/* Makes the socket in it and listens: before the program can speak. */
int notify_listen(const char *dir, struct err *err);
/* Waits for READY=1, or for the end of the process, and tells `manager` (the value of NOTIFY_SOCKET
 * that ctr was started with): READY=1, MAINPID, and a barrier, so that it has read that before ctr
 * is gone. */
int notify_relay(int sock, const char *manager, pid_t pid, int pidfd, struct err *err);
