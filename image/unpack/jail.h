/* SPDX-License-Identifier: Apache-2.0 */
/* Where a layer is unpacked: namespaces of its own in which there is one directory and nothing else,
 * without the host's privileges (SECURITY-CASES D10). */
#pragma once

#include "runtime/base/err.h"

/* For good. `dir` becomes the root; descriptors 0 to 3 stay. `chan`: where the parent, asked with
 * "map", writes the id maps and says so. */
int jail_enter(const char *dir, int chan, struct err *err);
