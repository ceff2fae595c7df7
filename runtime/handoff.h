/* SPDX-License-Identifier: Apache-2.0 */
/* What a caller is given when its process exists: a pid file, and descriptors over sockets. */
#pragma once

#include <sys/types.h>

#include "runtime/base/err.h"

/* Writes the pid in decimal, without a newline (go-runc parses the bytes as they are): a temporary
 * file renamed, so that whoever waits for it never reads half of it. */
int handoff_pid_file(const char *path, pid_t pid, struct err *err);

/* Connects to the AF_UNIX stream socket at `path` (of any length) and sends `payload` with fd. */
int handoff_fd(const char *path, int fd, const char *payload, struct err *err);
