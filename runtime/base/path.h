/* SPDX-License-Identifier: Apache-2.0 */
/* Paths. Those that lead into a root file system are resolved by the kernel beneath a descriptor
 * and used through the result only; those of the host are cleaned as text. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "runtime/base/mem.h"

/* Opens path inside the root file system `root` as a process chrooted there would see it, magic
 * links excepted (openat2(2): RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS). Close-on-exec.
 * EAGAIN, which a concurrent rename gives, is retried a bounded number of times. -errno. */
int path_open_in(int root, const char *path, int flags);

/* Lexically clean: no empty, "." or ".." components, a single leading slash kept, "" becomes ".".
 * ".." never climbs above the start of an absolute path. In the arena. */
char *path_clean(struct arena *a, const char *path);
/* What a process in the directory `dir` would call `path`, absolute and cleaned. */
char *path_from(struct arena *a, const char *dir, const char *path);
/* base/rest, cleaned, with rest unable to climb above base. */
char *path_join(struct arena *a, const char *base, const char *rest);
/* Whether the cleaned path is dir or lies below it. */
bool path_below(const char *path, const char *dir);

/* A container's id: [A-Za-z0-9_+-][A-Za-z0-9_+.-]*, at most 1024 characters. */
bool path_id_ok(const char *id);

/* mkdir -p of an absolute host path that ctr owns (its state directory). Returns an O_RDONLY
 * directory descriptor or -errno. */
int path_make_dir(const char *path, mode_t mode);
/* Removes the tree dirfd/name without following links or crossing mounts. Missing is success. */
int path_remove_tree(int dirfd, const char *name);
