/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a plain tar of regular files and directories with short names: what archives of images
 * consist of. The same files give the same bytes. */
#pragma once

#include <stdint.h>

#include "runtime/base/err.h"

enum { TARBALL_NAME_MAX = 100 };

int tarball_dir(int to, const char *name, struct err *err);
int tarball_text(int to, const char *name, const void *p, uint64_t n, struct err *err);
/* n bytes of a descriptor; it having fewer is an error. */
int tarball_file(int to, const char *name, int from, uint64_t n, struct err *err);
int tarball_end(int to, struct err *err);
