/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled filters, kept by content. A file is named after a hash of the profile (and of all else
 * that its filter depends on) and holds that whole key too: the hash finds, the bytes decide. */
#pragma once

#include "namespaces/seccomp.h"

/* Files kept; the one that was written first makes room for a new one. */
enum { SECCOMP_CACHE_FILES_MAX = 64 };

/* As seccomp_compile, but looks into the directory first and leaves what it made there. dirfd is a
 * directory that nobody else may write to, or -1. A file that is torn, broken, of another owner or
 * of another ctr is as good as none; that the cache cannot be read or written is no error. */
int seccomp_cached(int dirfd, const struct config_seccomp *profile, const struct host *host,
		   struct seccomp_filter *ret, struct err *err);
