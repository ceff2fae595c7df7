/* SPDX-License-Identifier: Apache-2.0 */
/* ctr as a process: the descriptors that it inherits, and the programs beside it. */
#pragma once

#include "runtime/base/err.h"

/* Standard descriptors that are closed are opened on /dev/null, or the next file that ctr opens
 * would become one; all others are marked close-on-exec. -errno. */
int entry_fds(struct err *err);

/* How many descriptors from 3 on a service manager hands over (sd_listen_fds(3)). */
unsigned entry_listen_fds(void);

/* Whether the n descriptors from 3 on are all there. */
int entry_check_fds(unsigned n, struct err *err);

/* Becomes ctr-ext or ctr-image, which are linked with the libraries that few commands need; they
 * stand beside ctr, or in ../libexec/ctr. Returns only on failure. */
int entry_become(const char *name, char **argv, struct err *err);

/* Runs one of them and waits: its exit status. Its standard output goes to standard error, or is lost. */
int entry_call(const char *name, char **argv, bool loses_output, struct err *err);
