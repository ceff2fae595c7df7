/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, writing and replacing files through descriptors. Paths are relative to a directory
 * descriptor; a path that comes from a container goes through path.h instead. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "runtime/base/str.h"

/* All n bytes, over short writes and EINTR. 0 or -errno. */
int fd_write_all(int fd, const void *p, size_t n);
/* Reads to the end of fd, at most max bytes: more is -EFBIG. Appends to *ret. 0 or -errno. */
int fd_read_all(int fd, size_t max, struct str *ret);
/* The content of a regular or kernel file. -errno; -EFBIG above max bytes. */
int fd_read_file(int dirfd, const char *path, size_t max, struct str *ret);
/* One write(2) into an existing file, as the kernel's files want it. 0 or -errno. */
int fd_put(int dirfd, const char *path, const char *value);
/* Makes dirfd/name hold n bytes, all or nothing: a temporary file renamed over it. No fsync: what
 * is written this way lives on a tmpfs and is worthless after a reboot. 0 or -errno. */
int fd_replace(int dirfd, const char *name, const void *p, size_t n, mode_t mode);
/* Marks every descriptor from `first` on close-on-exec. */
void fd_cloexec_from(int first);
