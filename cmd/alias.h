/* SPDX-License-Identifier: Apache-2.0 */
/* docker's long names: "container ls" is ps, "image rm" is rmi. Pure. */
#pragma once

#include "runtime/base/mem.h"

/* The command's name and what follows it (NULL-terminated), by ctr's own names; in the arena, unless it is
 * the same list. */
const char *const *alias_resolve(const char *const *words, struct arena *mem);
