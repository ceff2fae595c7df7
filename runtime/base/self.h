/* SPDX-License-Identifier: Apache-2.0 */
/* Where this program lies: it starts others that are installed beside it, and itself. */
#pragma once

#include <stddef.h>

#include "runtime/base/err.h"

/* The program's path; that of its directory. Into ret; -errno. */
int self_path(char *ret, size_t size, struct err *err);
int self_dir(char *ret, size_t size, struct err *err);
