/* SPDX-License-Identifier: Apache-2.0 */
/* The seccomp profile that `ctr run` gives unless told otherwise: a list of what ordinary programs
 * need; all else is refused. */
#pragma once

#include <stdint.h>

#include "runtime/base/mem.h"
#include "runtime/config/config.h"

/* The profile for a container with that bounding set of capabilities: what only a capability makes
 * useful is let through with it. A known call that is refused fails with EPERM; with ENOSYS what is
 * newer than the list, or what programs do without if they believe that there is none (clone3,
 * io_uring). The machine's own ABI only: i386 and x32 are killed, unless the caller adds them to the
 * architectures. In the arena. */
struct config_seccomp *seccomp_default(uint64_t bounding, struct arena *mem);
