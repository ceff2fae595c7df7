/* SPDX-License-Identifier: Apache-2.0 */
/* ctr as a process: the descriptors that it inherits, and becoming ctr-ext. */
#pragma once

#include "runtime/base/err.h"

/* Standard descriptors that are closed are opened on /dev/null, or the next file that ctr opens
 * would become one; all others are marked close-on-exec. -errno. */
int entry_fds(struct err *err);

/* How many descriptors from 3 on a service manager hands over (sd_listen_fds(3)). */
unsigned entry_listen_fds(void);

/* Whether the n descriptors from 3 on are all there. */
int entry_check_fds(unsigned n, struct err *err);

/* Becomes ctr-ext, which is linked with the libraries that few commands need; it stands beside ctr,
 * or in ../libexec/ctr. Returns only on failure. */
int entry_become_ext(char **argv, struct err *err);
